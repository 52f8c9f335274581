import assert from 'node:assert/strict'
import { EventEmitter, on } from 'node:events'
import { test } from 'node:test'
import { openLog } from '../observe/index.ts'
import { type CompiledRoute, compileRoute } from './compile.ts'
import { LoopWatch } from './loop.ts'
import { openForTest, visitor } from './open.fixture.ts'
import type { Handler } from './types.ts'

/** A watch whose time passes when a handler says so, and what it has reported. */
function openWatch(handlers: Readonly<Record<string, Handler>>) {
  let time = 1000
  const log = openLog({ format: 'silent' })
  const reports: object[] = []
  log.subscribe(({ event, level, facts }) => void (event === 'http.loop.blocked' && level === 'warn' && reports.push(facts)))
  const loop = new LoopWatch(log, () => time)
  const routes: Record<string, CompiledRoute> = {}
  for (const [name, handler] of Object.entries(handlers)) {
    const served = { name, method: 'get', path: '/', access: 'visitor', spec: {}, middleware: [], handler } as const
    routes[name] = loop.over(compileRoute(served, 0))
  }
  return {
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    ask: (name: string) => routes[name]?.run({}),
    beat: () => loop.beat(),
    reports: () => reports.splice(0),
  }
}

test('what keeps all callers waiting is told with the routes that were asked for, the next time alone and timed', () => {
  const { pass, ask, beat, reports } = openWatch({ block: () => pass(250), quick: () => 1, other: () => 1 })
  ask('other')
  pass(100)
  beat()
  ask('quick')
  ask('block')
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 150, times: 1, among: ['block', 'quick'] }])
  ask('quick')
  ask('block')
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 150, times: 1, routes: { block: 250 } }])
})

test('a handler that does so after it has waited, or that fails, is named too', async () => {
  const { pass, ask, beat, reports } = openWatch({
    late: async () => {
      await undefined
      pass(300)
    },
    wait: () => new Promise(() => {}),
    fail: () => {
      pass(400)
      throw new Error('no tea')
    },
  })
  pass(200)
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 100, times: 1, among: [] }])
  ask('wait')
  await ask('late')
  // what follows a promise is told before the next beat
  await undefined
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 200, times: 1, routes: { late: 300 } }])
  assert.throws(() => ask('fail'), /no tea/)
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 300, times: 1, routes: { fail: 400 } }])
})

test('short handlers that add up are named together, and beats in time are nothing to tell', () => {
  const { pass, ask, beat, reports } = openWatch({ short: () => pass(70), quick: () => pass(5) })
  pass(300)
  beat()
  reports()
  for (const name of ['short', 'quick', 'short', 'short', 'quick']) ask(name)
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 120, times: 1, routes: { short: 210 } }])
  for (let beats = 0; beats < 1000; beats++) {
    pass(100)
    beat()
  }
  assert.deepEqual(reports(), [])
})

test('the same is told every ten seconds at most, with how often and how long', () => {
  const { pass, ask, beat, reports } = openWatch({ block: () => pass(250), longer: () => pass(500) })
  for (let asked = 0; asked < 30; asked++) {
    ask('block')
    beat()
  }
  assert.deepEqual(reports(), [
    { milliseconds: 150, times: 1, among: ['block'] },
    { milliseconds: 150, times: 1, routes: { block: 250 } },
  ])
  ask('longer')
  beat()
  assert.deepEqual(reports(), [{ milliseconds: 400, times: 29, routes: { block: 250, longer: 500 } }])
})

test('a running server tells of a handler that computes without a pause', async (t) => {
  const log = openLog({ format: 'silent' })
  const heard = new EventEmitter()
  log.subscribe((entry) => void (entry.event === 'http.loop.blocked' && heard.emit('report', entry)))
  const block = visitor.get('/block', () => {
    for (const end = performance.now() + 250; performance.now() < end; );
  })
  const { url } = await openForTest(t, { block }, { watchLoop: true, log })
  const reports = on(heard, 'report')
  await fetch(`${url}/block`)
  // a busy machine keeps the process waiting too, for which nobody is to blame
  for await (const [{ facts }] of reports) {
    if ([...Object.keys(Object(facts.routes)), ...[facts.among].flat()].includes('things.block')) break
    await fetch(`${url}/block`)
  }
})
