import type { ComponentChildren } from 'preact'
import { type Bytes, shown } from '../server/bytes.js'

/** Bytes on a line, what is not text escaped and set apart from text that looks like an escape. At most `limit` bytes. */
export function Shown({ bytes, limit = 1000 }: { bytes: Bytes; limit?: number }) {
  const pieces = shown(bytes.length > limit ? (bytes.slice(0, limit) as Bytes) : bytes)
  return (
    <span class="bytes">
      {pieces.map((piece, i) =>
        piece.escaped ? (
          <i key={i} class="escape">
            {piece.text}
          </i>
        ) : (
          piece.text
        ),
      )}
      {bytes.length > limit && <i class="escape">… {bytes.length - limit} more bytes</i>}
    </span>
  )
}

/** An error in the server's words, or ours. Nothing where there is none. */
export function ErrorText({ children }: { children: ComponentChildren }) {
  if (!children) return null
  return (
    <p class="error" role="alert">
      {children}
    </p>
  )
}
