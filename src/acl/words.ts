/** Byte strings (one character a byte) as access rules compare them. */

/** In lower case as far as ASCII goes. */
export function lowerCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, letters => letters.toLowerCase()) : text
}

/** Whether there is a blank (C's isspace) or NUL in it: names and patterns with those could not be written down as rules. */
export function hasBlanks(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i)
    if (byte === 0 || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return true
  }
  return false
}
