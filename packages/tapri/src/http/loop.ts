import type { Log } from '../observe/index.ts'
import type { CompiledRoute } from './compile.ts'

/** Milliseconds between two beats. */
const period = 100
/** Milliseconds that a beat may be late: for so long nobody was answered. */
const tolerated = 100
/** Milliseconds from which a handler is named: several short ones may add up. */
const noticed = 20
/** Milliseconds from one report to the next that names the same. */
const quiet = 10_000
/** Milliseconds for which handlers are timed after a report. */
const closer = 60_000

/**
 * Tells when the process was kept from answering anybody. The first report names the routes that were asked for in that
 * moment; handlers are then timed for a minute, which costs something, so that the next one names those that did it.
 * @example const loop = new LoopWatch(log); routes.map((route) => loop.over(route)); loop.start()
 */
export class LoopWatch {
  readonly #log: Log
  readonly #now: () => number
  /** Of each route the beat in which it was last asked for. */
  readonly #marks: { readonly name: string; beat: number }[] = []
  /** The milliseconds of each timed route since the last beat. */
  readonly #busy = new Map<string, number>()
  /** The routes that were named since it is quiet. */
  readonly #named = new Set<string>()
  #beats = 1
  #due: number
  #timer: NodeJS.Timeout | undefined
  /** 0 while handlers are not timed. */
  #closerUntil = 0
  #quietUntil = 0
  #untold: Blocked | undefined

  /** `now` is the machine's time: a clock that is driven cannot be late. */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
    this.#due = now() + period
  }

  start(): void {
    this.#due = this.#now() + period
    this.#timer = setInterval(() => this.beat(), period)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The route, watched. */
  over(route: CompiledRoute): CompiledRoute {
    const { run, served } = route
    const mark = { name: served.name, beat: 0 }
    this.#marks.push(mark)
    return {
      ...route,
      run: (context) => {
        mark.beat = this.#beats
        return this.#closerUntil === 0 ? run(context) : this.#timed(served.name, () => run(context))
      },
    }
  }

  /** What a handler does before it first waits is its own; a request that ends while nobody is answered may be why. */
  #timed(name: string, run: () => unknown): unknown {
    const started = this.#now()
    let result: unknown
    try {
      result = run()
    } finally {
      const took = this.#now() - started
      if (took >= noticed) this.#note(name, took)
    }
    if (!(result instanceof Promise)) return result
    const settle = () => {
      const now = this.#now()
      if (now - started >= tolerated && now - this.#due >= tolerated) this.#note(name, now - started)
    }
    result.then(settle, settle)
    return result
  }

  #note(name: string, milliseconds: number): void {
    this.#busy.set(name, (this.#busy.get(name) ?? 0) + milliseconds)
  }

  /** What it does every tenth of a second: sees how late it is. */
  beat(): void {
    const now = this.#now()
    const late = now - this.#due
    if (this.#closerUntil < now) this.#closerUntil = 0
    if (late >= tolerated) this.#keep(late, now)
    this.#due = now + period
    this.#beats++
    this.#busy.clear()
    if (this.#untold !== undefined && this.#isNews(this.#untold, now)) this.#tell(now, this.#untold)
  }

  #keep(late: number, now: number): void {
    const { milliseconds = 0, times = 0, routes = new Map<string, number>(), among = new Set<string>() } = this.#untold ?? {}
    for (const [name, took] of this.#busy) routes.set(name, Math.max(took, routes.get(name) ?? 0))
    if (this.#busy.size === 0) {
      for (const { name, beat } of this.#marks) if (beat === this.#beats) among.add(name)
    }
    this.#untold = { milliseconds: Math.max(milliseconds, late), times: times + 1, routes, among }
    this.#closerUntil = now + closer
  }

  #isNews({ routes }: Blocked, now: number): boolean {
    return now >= this.#quietUntil || [...routes.keys()].some((name) => !this.#named.has(name))
  }

  #tell(now: number, { milliseconds, times, routes, among }: Blocked): void {
    this.#untold = undefined
    if (now >= this.#quietUntil) this.#named.clear()
    this.#quietUntil = now + quiet
    for (const name of routes.keys()) this.#named.add(name)
    const timed = Object.fromEntries([...routes].map(([name, took]) => [name, Math.round(took)]))
    const named = routes.size > 0 ? { routes: timed } : { among: [...among].slice(0, 20) }
    this.#log.event('http.loop.blocked', { milliseconds: Math.round(milliseconds), times, ...named }, 'warn')
  }
}

/** What there is to tell: the longest time, how often, the milliseconds of timed routes, and those that were asked for. */
interface Blocked {
  readonly milliseconds: number
  readonly times: number
  readonly routes: Map<string, number>
  readonly among: Set<string>
}
