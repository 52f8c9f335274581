import { Held } from '../../packages/tapri/src/client/held.ts'
import { type Change, Interests, type ReadEntry } from '../../packages/tapri/src/data/index.ts'
import type { CurrentFrame } from '../../packages/tapri/src/kit/protocol.ts'
import { Answer } from '../../packages/tapri/src/live/answer.ts'
import { Connection } from '../../packages/tapri/src/live/connection.ts'
import { Hub } from '../../packages/tapri/src/live/hub.ts'
import { Identity } from '../../packages/tapri/src/live/identity.ts'
import type { LiveOptions } from '../../packages/tapri/src/live/index.ts'
import { KeptReads } from '../../packages/tapri/src/live/kept/kept-reads.ts'
import { LiveQuery } from '../../packages/tapri/src/live/query.ts'
import type { TestCaller } from '../../packages/tapri/src/live/stall.fixture.ts'
import { Subscription } from '../../packages/tapri/src/live/subscription.ts'
import { LaggingLog } from './log.fixture.ts'

interface Bug {
  /** Breaks what is written, and answers what mends it. */
  plant?(): () => void
  readonly change?: (options: LiveOptions<TestCaller>) => LiveOptions<TestCaller>
}

/** Mistakes that live answers could have; the stories have to find each of them. */
export const bugs: Readonly<Record<string, Bug>> = {
  'what is kept in memory does not hear of commits': { plant: () => without(KeptReads.prototype, 'onCommit') },
  'a run takes no notice of commits that the database shows before they are announced': {
    plant: () => instead(Hub.prototype, 'newestTouching', async () => undefined),
  },
  'rows that leave an answer are not looked for': {
    plant: () =>
      around(Interests.prototype, 'touched', (touched, [change, ...rest]: [Change, ...unknown[]]) =>
        touched(change.after === null ? change : { ...change, before: null }, ...rest),
      ),
  },
  'a read tells of fewer columns than it depends on': {
    plant: () =>
      around(Interests.prototype, 'add', (add, [entry, ...rest]: [ReadEntry, ...unknown[]]) =>
        add({ ...entry, columns: new Set(['title']) }, ...rest),
      ),
  },
  'a caller whose rights have changed is served as before': { plant: () => without(Identity.prototype, 'onTouched') },
  'everybody is served as an editor': {
    change: (options) => ({
      ...options,
      run: (run) => options.run({ ...run, caller: run.caller && { user: { ...run.caller.user, role: 'editor' } as never } }),
    }),
  },
  'callers share an answer whatever their rules open': { plant: () => instead(LiveQuery.prototype, 'accepts', () => true) },
  'rules that open different rows look alike': { change: (options) => ({ ...options, opened: () => '' }) },
  'changes of one transaction are sent topic by topic': {
    plant: () => both(without(Connection.prototype, 'hold'), without(Connection.prototype, 'letGo')),
  },
  'a node says nothing of a log that is forgotten before it was read': {
    plant: () =>
      instead(LaggingLog.prototype, 'announceGap', function skip(this: LaggingLog, position: number) {
        this.skipTo(position)
      }),
  },
  'a client that comes back is told that it holds the answer already': {
    plant: () => instead(Answer.prototype, 'since', () => []),
  },
  'a client that comes back leaves out the changes that it is told': {
    plant: () =>
      instead(Held.prototype, 'takeCurrent', function leaveOut(this: Held, { topic, at }: CurrentFrame) {
        this.topic = topic
        this.at = at
        return 'same'
      }),
  },
  'tokens promise what is still under way': {
    plant: () => getter(Subscription.prototype, 'upTo', () => Number.POSITIVE_INFINITY),
  },
}

function instead(prototype: object, name: string, code: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)
  if (original === undefined) throw new Error(`there is no ${name} to break`)
  Object.defineProperty(prototype, name, { ...original, value: code })
  return () => Object.defineProperty(prototype, name, original)
}

function without(prototype: object, name: string): () => void {
  return instead(prototype, name, () => {})
}

function getter(prototype: object, name: string, get: () => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)
  if (original === undefined) throw new Error(`there is no ${name} to break`)
  Object.defineProperty(prototype, name, { ...original, get })
  return () => Object.defineProperty(prototype, name, original)
}

function around(prototype: object, name: string, code: (original: any, args: any) => unknown): () => void {
  const original: any = Reflect.get(prototype, name)
  return instead(prototype, name, function broken(this: unknown, ...args: unknown[]) {
    return code((...given: unknown[]) => original.apply(this, given), args)
  })
}

function both(one: () => void, other: () => void): () => void {
  return () => {
    one()
    other()
  }
}
