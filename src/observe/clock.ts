/** Unix time in microseconds: Date.now() has milliseconds only. */

/** How far the fine clock may be from the system's before it follows: after that one was set, or slewed. */
const MAX_CLOCK_ERROR_MS = 2
let clockOriginMs = performance.timeOrigin

/** Never runs backwards but when the system's clock is set back. */
export function unixMicroseconds(): number {
  const wall = Date.now()
  let now = clockOriginMs + performance.now()
  if (Math.abs(now - wall) > MAX_CLOCK_ERROR_MS) {
    clockOriginMs += wall - now
    now = wall
  }
  return Math.floor(now * 1000)
}
