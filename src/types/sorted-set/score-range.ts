/** A range of scores, as ZRANGEBYSCORE and its kin have it. */
export class ScoreRange {
  min = 0
  max = 0
  minExclusive = false
  maxExclusive = false

  /** No score lies in it. */
  get isEmpty(): boolean {
    return this.min > this.max || (this.min === this.max && (this.minExclusive || this.maxExclusive))
  }

  /** Whether a score does not lie below it. */
  reaches(score: number): boolean {
    return this.minExclusive ? score > this.min : score >= this.min
  }

  /** Whether a score does not lie above it. */
  holds(score: number): boolean {
    return this.maxExclusive ? score < this.max : score <= this.max
  }
}
