/** The error that sends a client to a replica's master, as Valkey words it. */
const CODE = 'REDIRECT '

export function redirection(host: string, port: number): string {
  return `${CODE}${host}:${port}`
}

export function isRedirection(error: string): boolean {
  return error.startsWith(CODE)
}
