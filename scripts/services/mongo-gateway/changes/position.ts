import { binary, type Document } from '../bson.ts'
import { CommandError } from '../errors.ts'

/** A place in the log of operations. */
export interface Position {
  /** Cluster time: seconds since 1970 in its upper 32 bits, a counter in the lower ones. */
  readonly time: bigint
  /** Of the operation that it is right behind, among those of its time; -1 is before all of them. */
  readonly index: number
  /** Whether it is behind the end of a stream, which the operation has brought about. */
  readonly isEnd?: boolean
}

export function isAfter(one: Position, other: Position): boolean {
  return one.time === other.time ? one.index > other.index : one.time > other.time
}

/**
 * The token of a position, in the form that MongoDB gives its own: a KeyString of time, version, kind, index and collection.
 * Those behind a later operation of a transaction bring type bits along, as MongoDB's do for numbers of 64 bits.
 */
export function tokenOf({ time, index, isEnd = false }: Position, collection?: Buffer): Document {
  const kind = index === -1 ? 0 : 128
  const uuid = collection === undefined ? '' : `5A10${hex(collection)}`
  const parts = [time.toString(16).padStart(16, '0'), int(1), int(kind), int(Math.max(index, 0)), isEnd ? '6F' : '6E', uuid]
  const token = { _data: `82${parts.join('').toUpperCase()}04` }
  return index > 0 ? { ...token, _typeBits: binary(Buffer.of(0x81, 0x80)) } : token
}

// the integers of a KeyString: nothing, or one to three bytes
const number = '(29|2B[0-9A-F]{2}|2C[0-9A-F]{4}|2D[0-9A-F]{6})'
const pattern = new RegExp(`^82([0-9A-F]{16})${number}${number}${number}(6E|6F)(?:5A10[0-9A-F]{32})?04$`)

/** @throws what MongoDB says of a token that is none */
export function positionOf(token: unknown): Position {
  const { _data: data, _typeBits: bits }: Document = typeof token === 'object' && token !== null ? { ...token } : {}
  if (typeof data !== 'string') throw bad(40647, '_data of missing or of wrong type')
  if (bits !== undefined && !(bits instanceof Uint8Array)) throw bad(40648, '_typeBits of wrong type')
  const [, time = '', , kind = '', index = '', end] = pattern.exec(data) ?? []
  if (time === '') throw new CommandError(9, 'FailedToParse', 'resume token string was not a valid hex string')
  return { time: BigInt(`0x${time}`), index: kind === '29' ? -1 : fromInt(index), isEnd: end === '6F' }
}

function bad(code: number, what: string): CommandError {
  return new CommandError(code, `Location${code}`, `Bad resume token: ${what}`)
}

function int(value: number): string {
  if (value === 0) return '29'
  const digits = (value << 1).toString(16)
  const bytes = Math.ceil(digits.length / 2)
  return (0x2a + bytes).toString(16) + digits.padStart(bytes * 2, '0')
}

function fromInt(text: string): number {
  return text === '29' ? 0 : Number.parseInt(text.slice(2), 16) >> 1
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex')
}
