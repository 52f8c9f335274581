type Undo = () => Promise<unknown>

/** How to take back what was written, in the order of writing, while somebody may go back behind it. */
export class UndoLog {
  readonly #settled: () => void
  readonly #undo: Undo[] = []
  #depth: number

  /** `depth` is not 0 where all of the transaction may be taken back; `settled` hears when nothing is any more. */
  constructor(depth: number, settled: () => void) {
    this.#depth = depth
    this.#settled = settled
  }

  /** Whether what is written now may be taken back. */
  get isKept(): boolean {
    return this.#depth > 0
  }

  remember(undo: Undo): void {
    if (this.isKept) this.#undo.push(undo)
    else this.settle()
  }

  /** Begins a part by itself; answers where. */
  enter(): number {
    this.#depth++
    return this.#undo.length
  }

  leave(): void {
    this.#depth--
    if (this.#depth === 0) this.settle()
  }

  /** Takes back what was written since, the last first. */
  async goBack(start: number): Promise<void> {
    while (this.#undo.length > start) await this.#undo.pop()?.()
  }

  /** Nothing is taken back any more of what was written until now. */
  settle(): void {
    this.#undo.length = 0
    this.#settled()
  }
}
