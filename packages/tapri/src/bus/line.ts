/** One way to the others, as long as it holds. Everything that is asked of it is done in the order of asking. */
export interface Line {
  /** Resolves when the other side has it. */
  publish(topic: string, text: string): Promise<void>
  /** From when it resolves, the texts of the topic are heard. */
  listen(topic: string): Promise<void>
  unlisten(topic: string): Promise<void>
  /** Resolves when the other side has answered; absent where there is no other side. */
  ping?(): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

/** What a line tells of. */
export interface LineEnds {
  hear(topic: string, text: string): void
  /** The line does not hold any more. */
  lost(why: Error): void
}

/** Makes lines of one kind; a new one whenever the last was lost. */
export interface LineMaker {
  readonly kind: string
  /** Where the line leads, without user and password. */
  readonly shown: string
  /** Rejects when the other side cannot be reached now. */
  open(ends: LineEnds): Promise<Line>
  /** After the last line. */
  close?(): Promise<void>
}
