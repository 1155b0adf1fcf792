/** The number that an auxiliary field of a file holds; 0 where there is no such field, or none but damage in it. */
export function auxNumber(text: string | undefined): number {
  const number = Number(text)
  return Number.isSafeInteger(number) && number >= 0 ? number : 0
}
