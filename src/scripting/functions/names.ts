/** Names of libraries and of functions. */

export const BAD_NAME =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long'

export function isName(name: string): boolean {
  return /^[a-zA-Z0-9_]+$/.test(name)
}
