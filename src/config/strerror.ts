import { getSystemErrorMap } from 'node:util'
import { isError } from './realms.js'

/** Where libuv's words differ from the C library's, which Redis's messages carry and clients match on. */
const C_LIBRARY_WORDS: Readonly<Record<string, string>> = {
  EISDIR: 'Is a directory',
  ENAMETOOLONG: 'File name too long',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  EIO: 'Input/output error',
  EBUSY: 'Device or resource busy',
  EXDEV: 'Invalid cross-device link',
}

/** The C library's text for a failed system call ("No such file or directory"); an error's own message for any other. */
export function strerror(error: unknown): string {
  if (!isError(error)) return String(error)
  const { code, errno } = error as NodeJS.ErrnoException
  const known = code === undefined ? undefined : C_LIBRARY_WORDS[code]
  if (known !== undefined) return known
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]
  return words === undefined ? error.message : words[0].toUpperCase() + words.slice(1)
}
