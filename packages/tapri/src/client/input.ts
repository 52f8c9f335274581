import { encodeWire } from '../kit/wire.ts'

type Input = Readonly<Record<string, unknown>>

/** As in a query, null stands for absent. */
export function withoutAbsent(input: Input): Input {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && value !== null))
}

/** One text for inputs that mean the same. */
export function inputKey(input: Input): string {
  return encodeWire(Object.entries(withoutAbsent(input)).sort(([one], [other]) => (one < other ? -1 : 1)))
}
