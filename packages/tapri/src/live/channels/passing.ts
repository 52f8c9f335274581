import { decodeWire, encodeWire } from '../../kit/wire.ts'

/** What is not kept, on its way. */
export type Passing =
  | { readonly kind: 'message'; readonly id: string; readonly at: Date; readonly sender: string; readonly body: string }
  | { readonly kind: 'signal'; readonly sender: string; readonly signal: unknown }

interface Passed {
  /** The node that has told its own members already; empty when none has. */
  readonly node: string
  /** Of the last commit that whoever says it knows of: who may hear it is to be told by what is true there, or later. */
  readonly position: number
  readonly said: Passing
}

/** Where the nodes hear what is passed on in a channel. */
export function addressOf(key: string): string {
  return `channel ${key}`
}

export function passedText(passed: Passed): string {
  return encodeWire(passed)
}

// The nodes of one app publish nothing else under these addresses.
export function readPassed(text: string): Passed {
  return decodeWire(text) as Passed
}
