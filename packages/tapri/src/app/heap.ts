import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Clock, systemClock } from '../kit/clock.ts'
import { isNode } from '../kit/runtime.ts'

/** Milliseconds: what is left of the start is collected when the first who waited for it have their answers. */
const collectAfter = 1000
const lookEvery = 250
const mebi = 1024 * 1024
/** A heap is small up to here; beyond it V8 goes its own ways. */
const small = 128 * mebi
/** Memory for what is new: with less, collections cost JSON in lists more than two hundredths; V8 by itself goes up to 100 MB. */
const enoughForNew = 16 * mebi
/** A small heap may become so much larger between two collections, in hundredths; up to four times without. */
const growth = 50

let isKept = false

/**
 * Has V8 collect the garbage of a process with a small heap before it has become many times the heap: what loading has left
 * once, a second after the start, and from then on what requests leave. Once in a process; where the process was told by a
 * flag how large its spaces may be, and on other runtimes than Node, nothing is done.
 */
export function keepHeapSmall(clock: Clock = systemClock): void {
  if (isKept || !isNode || isTold()) return
  isKept = true
  let before: Ways | undefined
  const look = () => {
    const ways = waysFor(getHeapStatistics().used_heap_size, sizeOfNew())
    if (ways.growth !== before?.growth) setFlagsFromString(`--heap-growing-percent=${ways.growth}`)
    if (ways.factor !== before?.factor) setFlagsFromString(`--semi-space-growth-factor=${ways.factor}`)
    before = ways
    clock.after(lookEvery, look)
  }
  clock.after(collectAfter, () => {
    collect()
    look()
  })
}

interface Ways {
  /** Hundredths by which the heap may grow until it is collected; 0 lets V8 decide. */
  readonly growth: number
  /** Times by which the space for what is new grows when much of it is in use: at once to what is enough, then no more; 2 in V8
   * by itself. */
  readonly factor: number
}

/** Both are read by V8 each time it decides, so they may change while it runs. */
function waysFor(used: number, ofNew: number): Ways {
  if (used > small) return { growth: 0, factor: 2 }
  return { growth, factor: ofNew < enoughForNew ? 8 : 1 }
}

function sizeOfNew(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}

/** Collects everything and gives memory back. Only contexts that are made after the flag have the function. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc: (options: object) => void = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

function isTold(): boolean {
  return /--(?:m\w+[-_]semi[-_]space|semi[-_]space|heap[-_]growing|optimize[-_]for[-_]size)/.test(
    [...process.execArgv, process.env.NODE_OPTIONS].join(' '),
  )
}
