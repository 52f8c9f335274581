import { type Change, Interests, type ReadEntry, ReadSet } from '../../packages/tapri/src/data/index.ts'
import { parseMatcher, parseObject, parseQuery } from './parse.ts'
import type { Wish } from './workload.ts'

/** One way to find out whom a write touches. */
export interface Engine {
  readonly name: 'index' | 'scan' | 'parse'
  /** The answer ends it. */
  add(wish: Wish, entry: ReadEntry, target: number): () => void
  touched(change: Change): Iterable<number>
}

/** What Tapri does. */
export function indexEngine(): Engine {
  const interests = new Interests<number>()
  return {
    name: 'index',
    add: (_wish, entry, target) => interests.add(entry, target),
    touched: (change) => interests.touched(change),
  }
}

/** Every subscription is asked: the same answers without an index. */
export function scanEngine(): Engine {
  const held = new Map<number, ReadSet>()
  return {
    name: 'scan',
    add(_wish, entry, target) {
      const reads = new ReadSet()
      reads.add(entry)
      held.set(target, reads)
      return () => held.delete(target)
    },
    touched(change) {
      const touched: number[] = []
      for (const [target, reads] of held) if (reads.touchedBy(change)) touched.push(target)
      return touched
    },
  }
}

/** The matcher of parse-server, asked as its server does: each query for the object as it was and as it is, in a copy each
 * (it changes what it is given). Undefined without it. */
export function parseEngine(): Engine | undefined {
  const matches = parseMatcher()
  if (matches === undefined) return undefined
  const held = new Map<number, ReturnType<typeof parseQuery>>()
  return {
    name: 'parse',
    add(wish, _entry, target) {
      held.set(target, parseQuery(wish))
      return () => held.delete(target)
    },
    touched({ before, after }) {
      const was = before === null ? undefined : parseObject(before)
      const is = after === null ? undefined : parseObject(after)
      const touched: number[] = []
      for (const [target, query] of held) {
        const didMatch = was !== undefined && matches(structuredClone(was), query)
        const doesMatch = is !== undefined && matches(structuredClone(is), query)
        if (didMatch || doesMatch) touched.push(target)
      }
      return touched
    },
  }
}
