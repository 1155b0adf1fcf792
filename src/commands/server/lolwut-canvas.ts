/** A canvas of few colors for drawings made of characters. */

/** The dots of a Braille character, by column and row: bits of its code (Unicode, Braille Patterns). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
]
const DOT_COLUMNS = 2
const DOT_ROWS = 4

/** Terminal colors (SGR) from black to white; set as foreground and background, a blank is a pixel. */
const GRAYS = ['30;40', '90;100', '37;47', '97;107']

export class Canvas {
  readonly width: number
  readonly height: number
  private readonly pixels: Uint8Array

  constructor(width: number, height: number, color = 0) {
    this.width = width
    this.height = height
    this.pixels = new Uint8Array(width * height).fill(color)
  }

  get(x: number, y: number): number {
    return this.contains(x, y) ? this.pixels[y * this.width + x] : 0
  }

  /** Draws one pixel; outside the canvas nothing. */
  set(x: number, y: number, color: number): void {
    if (this.contains(x, y)) this.pixels[y * this.width + x] = color
  }

  private contains(x: number, y: number): boolean {
    return x >= 0 && x < this.width && y >= 0 && y < this.height
  }

  /** A line from one point to another. */
  line(x1: number, y1: number, x2: number, y2: number, color: number): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1))))
    for (let i = 0; i <= steps; i++) {
      this.set(Math.round(x1 + ((x2 - x1) * i) / steps), Math.round(y1 + ((y2 - y1) * i) / steps), color)
    }
  }

  /** Lines of Braille characters, each of two by four pixels that are there or not; in UTF-8, one character a byte. */
  braille(): string {
    let text = ''
    for (let y = 0; y < this.height; y += DOT_ROWS) {
      for (let x = 0; x < this.width; x += DOT_COLUMNS) {
        let dots = 0
        for (let i = 0; i < DOT_COLUMNS; i++) {
          for (let j = 0; j < DOT_ROWS; j++) if (this.get(x + i, y + j) !== 0) dots |= DOTS[i][j]
        }
        text += String.fromCharCode(0xe2, 0xa0 | (dots >> 6), 0x80 | (dots & 0x3f))
      }
      text += '\n'
    }
    return text
  }

  /** Lines of blanks on one of four grays, 0 the darkest. */
  grays(): string {
    let text = ''
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) text += `\x1b[0;${GRAYS[this.get(x, y)]}m \x1b[0m`
      text += '\n'
    }
    return text
  }
}
