import { encodeWire } from '../kit/wire.ts'
import type { LiveLine } from './live-line.ts'
import { FollowedValue } from './live-value.ts'
import type { LiveOptions } from './types.ts'

type Input = Readonly<Record<string, unknown>>

/** The live answers that one client follows. */
export class LiveValues {
  readonly #line: LiveLine
  readonly #onEmpty: () => void
  readonly #open = new Map<FollowedValue, string>()

  constructor(line: LiveLine, onEmpty: () => void) {
    this.#line = line
    this.#onEmpty = onEmpty
  }

  follow(route: string, given: Input, options: LiveOptions = {}): FollowedValue {
    const input = withoutAbsent(given)
    const onClose = () => {
      this.#open.delete(value)
      if (this.#open.size === 0) this.#onEmpty()
    }
    const value = new FollowedValue(this.#line, { route, input }, { ...options, onClose })
    this.#open.set(value, keyOf(route, input))
    return value
  }

  /** Those of a route with an input. */
  of(route: string, input: Input): readonly FollowedValue[] {
    const wanted = keyOf(route, withoutAbsent(input))
    return [...this.#open].flatMap(([value, key]) => (key === wanted ? [value] : []))
  }

  close(): void {
    for (const value of [...this.#open.keys()]) value.close()
  }
}

/** As in a query, null stands for absent. */
function withoutAbsent(input: Input): Input {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && value !== null))
}

function keyOf(route: string, input: Input): string {
  return `${route} ${inputKey(input)}`
}

/** One text for inputs that mean the same. */
export function inputKey(input: Input): string {
  return encodeWire(Object.entries(withoutAbsent(input)).sort(([one], [other]) => (one < other ? -1 : 1)))
}
