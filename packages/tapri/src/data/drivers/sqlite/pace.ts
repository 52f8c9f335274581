interface Shape {
  runs: number
  /** Milliseconds; of many runs the newest count most. */
  mean: number
}

/** A read this fast costs the main thread less than sending it away would. */
const fast = 2
const knownAfter = 3
const newest = 1 / 8
const keptShapes = 2000

/** How long reads take, by their shape: the statement without its values. */
export class Pace {
  readonly #shapes = new Map<string, Shape>()

  /** Undefined until it has been seen often enough. */
  isFast(sql: string): boolean | undefined {
    const shape = this.#shapes.get(sql)
    return shape === undefined || shape.runs < knownAfter ? undefined : shape.mean < fast
  }

  /** A slow run counts for many fast ones: it takes a while until the shape is trusted again. */
  note(sql: string, took: number): void {
    const shape = this.#shapes.get(sql)
    if (shape === undefined) {
      if (this.#shapes.size >= keptShapes) this.#shapes.clear()
      this.#shapes.set(sql, { runs: 1, mean: took })
      return
    }
    shape.runs++
    shape.mean += (took - shape.mean) * Math.max(newest, 1 / shape.runs)
  }
}
