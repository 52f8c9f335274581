import { randomFillSync } from 'node:crypto'

const pool = new Uint8Array(4096)
/** Each byte as two digits. */
const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
let used = pool.length
let last = 0
/** The text of `last`, which many ids share. */
let lastText = ''
let counter = 0

/**
 * A new UUIDv7 (RFC 9562): sorts by time of making, also within one millisecond of one process.
 * @example const id = newId() // '019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55'
 */
export function newId(now: number = Date.now()): string {
  // RFC 9562 6.2 method 1: a full counter borrows from the next millisecond
  if (now > last) begin(now)
  else if (++counter > 0xfff) begin(last + 1)
  return `${lastText}-${hex16(0x7000 | counter)}-${hex16(0x8000 | (randomInt16() & 0x3fff))}-${randomHex(6)}`
}

function begin(time: number): void {
  const text = time.toString(16).padStart(12, '0')
  last = time
  lastText = `${text.slice(0, 8)}-${text.slice(8)}`
  counter = randomInt16() & 0x7ff
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether the value is a lower-case UUIDv7. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value)
}

function hex16(value: number): string {
  return `${pairs[value >> 8]}${pairs[value & 0xff]}`
}

function randomInt16(): number {
  const at = take(2)
  return ((pool[at] ?? 0) << 8) | (pool[at + 1] ?? 0)
}

function randomHex(length: number): string {
  const at = take(length)
  let text = ''
  for (let index = at; index < at + length; index++) text += pairs[pool[index] ?? 0] ?? ''
  return text
}

function take(length: number): number {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += length
  return at
}
