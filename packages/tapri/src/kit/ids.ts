import { randomFillSync } from 'node:crypto'

const pool = new Uint8Array(4096)
let used = pool.length
let last = 0
let counter = 0

/**
 * A new UUIDv7 (RFC 9562): sorts by time of making, also within one millisecond of one process.
 * @example const id = newId() // '019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55'
 */
export function newId(now: number = Date.now()): string {
  if (now > last) {
    last = now
    counter = randomInt16() & 0x7ff
  } else if (++counter > 0xfff) {
    // RFC 9562 6.2 method 1: a full counter borrows from the next millisecond
    last += 1
    counter = randomInt16() & 0x7ff
  }
  const time = last.toString(16).padStart(12, '0')
  const high = (0x7000 | counter).toString(16)
  const variant = (0x8000 | (randomInt16() & 0x3fff)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${variant}-${randomHex(6)}`
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether the value is a lower-case UUIDv7. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value)
}

function randomInt16(): number {
  const at = take(2)
  return ((pool[at] ?? 0) << 8) | (pool[at + 1] ?? 0)
}

function randomHex(length: number): string {
  const at = take(length)
  let text = ''
  for (let index = at; index < at + length; index++) text += (pool[index] ?? 0).toString(16).padStart(2, '0')
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
