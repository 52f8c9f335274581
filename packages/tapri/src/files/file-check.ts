import { Transform, type TransformCallback } from 'node:stream'
import { invalid } from '../kit/errors.ts'
import { formatBytes } from '../kit/measures.ts'
import { type Claim, headSize, tellType, textChecker } from './content-type.ts'
import { filesError } from './errors.ts'
import type { Meter } from './quota.ts'

export interface FileRules extends Claim {
  readonly maxSize: number
  /** A form field in which nobody chose a file is sent as a file without name and bytes. */
  readonly mayBeAbsent: boolean
}

/** Lets a file's bytes through once its type is told, while its size is allowed and each of them counted. */
export class FileCheck extends Transform {
  /** The type, before the first byte comes out; undefined when there is no file at all. */
  readonly told: Promise<string | undefined>
  readonly #rules: FileRules
  readonly #meter: Meter | undefined
  readonly #tell: (type: string | undefined) => void
  readonly #refuse: (error: Error) => void
  #head: Uint8Array[] | undefined = []
  #size = 0
  #checkText: ((chunk: Uint8Array | undefined) => void) | undefined

  constructor(rules: FileRules, meter: Meter | undefined) {
    // one piece at a time on the way out: several would be copied into one to be read
    super({ writableHighWaterMark: 256 * 1024, readableHighWaterMark: 1 })
    this.#rules = rules
    this.#meter = meter
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
    this.told = promise
    this.#tell = resolve
    this.#refuse = reject
    // whoever reads the bytes hears of the failure too
    promise.catch(() => {})
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#size += chunk.length
    if (this.#size > this.#rules.maxSize) done(this.#tooLarge())
    else if (this.#head !== undefined) this.#gather(this.#head, chunk).then(() => done(), done)
    else {
      const counting = this.#meter?.reach(this.#size)
      if (counting === undefined) this.#pass(chunk, done)
      else counting.then(() => this.#pass(chunk, done), done)
    }
  }

  override _flush(done: TransformCallback): void {
    this.#end().then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#refuse(error ?? new Error('The file was given up'))
    done(error)
  }

  #pass(chunk: Uint8Array, done: TransformCallback): void {
    try {
      this.#checkText?.(chunk)
      this.push(chunk)
      done()
    } catch (cause) {
      done(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  async #gather(head: Uint8Array[], chunk: Uint8Array): Promise<void> {
    head.push(chunk)
    if (this.#size >= headSize) await this.#decide(this.#meter)
  }

  async #decide(meter?: Meter): Promise<void> {
    const bytes = Buffer.concat(this.#head ?? [])
    this.#head = undefined
    const { type, isText } = await tellType(bytes.subarray(0, headSize), this.#rules)
    if (isText) this.#checkText = textChecker(this.#rules)
    this.#checkText?.(bytes)
    this.#tell(type)
    // whoever was told writes the row that it counts on
    await meter?.reach(this.#size)
    this.push(bytes)
  }

  async #end(): Promise<void> {
    if (this.#size === 0) return this.#endEmpty()
    // so few are counted when they are kept
    if (this.#head !== undefined) await this.#decide()
    this.#checkText?.(undefined)
  }

  #endEmpty(): void {
    if (!this.#rules.mayBeAbsent) throw invalid([{ path: [this.#rules.field], message: 'must not be an empty file' }], 'request')
    this.#tell(undefined)
  }

  #tooLarge() {
    const { field, maxSize, name } = this.#rules
    return filesError(
      'TAPRI_FILES_TOO_LARGE',
      `Cannot accept "${name}" as ${field}: it is larger than the ${formatBytes(maxSize)} that ${field} allows`,
      { facts: { field, maxSize } },
    )
  }
}
