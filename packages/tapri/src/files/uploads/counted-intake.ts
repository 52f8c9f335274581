import type { Readable, TransformCallback } from 'node:stream'
import type { Meter } from '../quota.ts'
import { Intake, type IntakeOptions } from './intake.ts'

interface Counting {
  /** Undefined of what nobody counts, or was counted when its length was told. */
  readonly meter: Meter | undefined
  /** The file so far ends here. */
  readonly offset: number
}

/** Lets no piece through before it is counted: a body that does not end would be as large as its sender likes. */
export class CountedIntake extends Intake {
  readonly #meter: Meter | undefined
  #end: number

  constructor(body: Readable, options: IntakeOptions, { meter, offset }: Counting) {
    super(body, options)
    this.#meter = meter
    this.#end = offset
  }

  override _transform(chunk: Uint8Array, encoding: BufferEncoding, done: TransformCallback): void {
    this.#end += chunk.length
    const counting = this.#meter?.reach(this.#end)
    if (counting === undefined) super._transform(chunk, encoding, done)
    else counting.then(() => super._transform(chunk, encoding, done), done)
  }
}
