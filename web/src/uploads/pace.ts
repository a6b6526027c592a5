// How fast bytes go, and how many go at once.

const smallest = 64 * 1024
/** The limit of a request. */
const largest = 4 * 1024 * 1024
const quick = 2_000
/** The server wants a whole request within 30 seconds. */
const slow = 8_000

/** The size of the first piece of a file. */
export const firstPiece = 1024 * 1024

/** The next piece's size, after one that took so many milliseconds. */
export function nextPiece(size: number, took: number): number {
  if (took > slow) return Math.max(smallest, size / 2)
  return took < quick ? Math.min(largest, size * 2) : size
}

const remembered = 15_000

/** The speed of the last seconds, in bytes a second. */
export class Speed {
  private points: { at: number; done: number }[] = []

  /** `done` bytes were there at the moment `at` (ms). */
  add(at: number, done: number) {
    this.points.push({ at, done })
    while (this.points.length > 2 && at - this.points[0]!.at > remembered) this.points.shift()
  }

  /** 0 as long as it is not known. */
  get perSecond(): number {
    const first = this.points[0]
    const last = this.points.at(-1)
    if (!first || !last || last.at <= first.at) return 0
    return ((last.done - first.done) * 1000) / (last.at - first.at)
  }
}
