import type { Problem } from '../kit/protocol.ts'
import { type Encoded, encoded } from './encoded.ts'
import { liveError } from './errors.ts'
import type { Source } from './hub.ts'
import { liveProblem } from './problem.ts'
import type { LiveCaller, LiveOptions, LiveRun } from './types.ts'
import { viewUpgrade } from './upgrade-view.ts'
import { within } from './within.ts'

/** How long a handler may take. */
const longest = 30_000
/** While writes are held back for it, as long as a transaction may hold them back. */
const longestHolding = 5_000

export type Outcome = ({ readonly value: Encoded } | { readonly problem: Problem }) & {
  /** The handler looked into the request of the socket: the answer is for this socket alone. */
  readonly isPersonal: boolean
  /** The handler looked at who calls: the answer is for this caller alone. */
  readonly looksAtCaller: boolean
}

interface RunOf {
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** The answer of the run before. */
  readonly before: Encoded | undefined
}

/** Runs the route once, and aborts what takes too long; what it throws is an outcome too. */
export async function runRoute<C extends LiveCaller>(
  options: LiveOptions<C>,
  { route, input, before }: RunOf,
  source: Source<C>,
  { reads, reader, isAgain }: Pick<LiveRun<C>, 'reads' | 'reader' | 'isAgain'>,
  { abort, holdsWrites }: { readonly abort: AbortController; readonly holdsWrites: boolean },
): Promise<Outcome> {
  const view = viewUpgrade(source.upgrade)
  let looksAtCaller = false
  const onCallerSeen = () => {
    looksAtCaller = true
  }
  try {
    const running = options.run({
      route,
      input,
      caller: source.caller,
      isAgain,
      reads,
      reader,
      onCallerSeen,
      upgrade: view.request,
      signal: abort.signal,
    })
    const limit = holdsWrites ? longestHolding : longest
    const value = await within(options.clock, running, limit, () => {
      const what = `Cannot answer "${route}": its handler took longer than ${limit / 1000} seconds`
      const error = liveError('TAPRI_LIVE_TIMEOUT', what)
      abort.abort(error)
      return error
    })
    return { value: encoded(value, before), isPersonal: view.isPersonal(), looksAtCaller }
  } catch (error) {
    return { problem: liveProblem(error, { route }, options.log), isPersonal: view.isPersonal(), looksAtCaller }
  }
}
