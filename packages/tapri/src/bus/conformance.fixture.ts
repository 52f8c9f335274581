import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { type TestContext, test } from 'node:test'
import type { Notices } from '../redis/index.ts'
import { type Heard, hearing } from './heard.fixture.ts'
import { largestText } from './limits.ts'
import { openBus } from './open.ts'
import { openProcess } from './process.fixture.ts'
import type { Bus } from './types.ts'
import { untilUp } from './up.fixture.ts'

export interface BusPlace {
  readonly skip: string | false
  /** The URL of a bus that nobody else has. */
  open(test: TestContext): Promise<string> | string
  /** Whether other processes are reached. */
  readonly isShared: boolean
}

/** What a bus of every kind must do, as tests. */
export function busConformance(name: string, { skip, open, isShared }: BusPlace): void {
  const claim = (text: string, check: (bus: Bus, url: string, test: TestContext) => Promise<void>) =>
    test(`the bus of ${name} ${text}`, { skip }, async (t) => {
      const url = await open(t)
      const bus = await busFor(t, url)
      await untilUp(bus)
      await check(bus, url, t)
    })
  const claimShared = (...claimed: Parameters<typeof claim>) => isShared && claim(...claimed)

  claim('tells each subscriber of its own process once', async (bus) => {
    const [one, other, elsewhere] = [hearing(), hearing(), hearing()]
    await bus.subscribe('kites', one.hear)
    await bus.subscribe('kites', other.hear)
    await bus.subscribe('kite', elsewhere.hear)
    for (const text of ['red', 'blue', 'red', 'red']) await bus.publish('kites', text)
    await bus.publish('kite', 'end')
    await Promise.all([one.until(4), other.until(4), elsewhere.until(1)])
    for (const { texts } of [one, other]) assert.deepEqual(texts, ['red', 'blue', 'red', 'red'])
    assert.deepEqual(elsewhere.texts, ['end'])
    assert.deepEqual(await bus.health(), { isUp: true })
  })

  claimShared('tells every process, in the order of each publisher and once', async (bus, url, t) => {
    const heard = hearing()
    const others = await Promise.all([openProcess(t, url), openProcess(t, url)])
    await Promise.all([bus.subscribe('kites', heard.hear), ...others.map((other) => other.subscribe('kites'))])
    const texts = (publisher: string) => Array.from({ length: 300 }, (_, number) => `${publisher}${number}`)
    await Promise.all([
      ...texts('a').map((text) => bus.publish('kites', text)),
      ...others.map((other, index) => other.publish('kites', ...texts('bc'[index] ?? ''))),
    ])
    const all = [heard, ...others.map((other) => other.heard)]
    await Promise.all(all.map((each) => each.until(900)))
    for (const { texts: each } of all) {
      for (const publisher of 'abc') {
        const own = each.map((text) => text.replace('kites ', '')).filter((text) => text.startsWith(publisher))
        assert.deepEqual(own, texts(publisher))
      }
    }
  })

  claim('tells nothing after the end of a subscription, and goes on for the others', async (bus) => {
    const [one, other] = [hearing(), hearing()]
    const end = await bus.subscribe('kites', one.hear)
    await bus.subscribe('kites', other.hear)
    await bus.publish('kites', 'first')
    await one.until('first')
    const late = bus.publish('kites', 'late')
    const ended = end()
    await Promise.all([late, ended])
    await bus.publish('kites', 'last')
    await other.until('last')
    await end()
    assert.deepEqual(one.texts, ['first'])
    assert.deepEqual(other.texts, ['first', 'late', 'last'])
  })

  claim('tells nobody as a part of the work that publishes', async (bus) => {
    const work = new AsyncLocalStorage<string>()
    const heard = hearing()
    await bus.subscribe('kites', (text) => heard.hear(`${text} ${work.getStore()}`))
    await work.run('mine', () => bus.publish('kites', 'red'))
    await heard.until(1)
    assert.deepEqual(heard.texts, ['red undefined'])
  })

  claim('hears a topic again that it had left, however fast', async (bus) => {
    for (let round = 0; round < 20; round++) {
      const heard = hearing()
      const end = await bus.subscribe('kites', heard.hear)
      await bus.publish('kites', String(round))
      await heard.until(String(round))
      assert.deepEqual(heard.texts, [String(round)])
      void end()
    }
  })

  claim('keeps many topics apart, whatever they are called', async (bus) => {
    const odd = [
      '*',
      '>',
      'a.b',
      'a.*',
      'a b',
      'A B',
      'ä',
      'a\u0308',
      '🪁',
      '%',
      '"',
      "'",
      '\\',
      '\n',
      'k'.repeat(200),
      '🪁'.repeat(100),
    ]
    const topics = [...odd, ...Array.from({ length: 300 }, (_, number) => `topic/${number}`)]
    const heard = await Promise.all(
      topics.map(async (topic) => {
        const each = hearing()
        await bus.subscribe(topic, each.hear)
        return each
      }),
    )
    await Promise.all(topics.map((topic, index) => bus.publish(topic, String(index))))
    await Promise.all(heard.map((each) => each.until(1)))
    await Promise.all(topics.map((topic) => bus.publish(topic, 'end')))
    await Promise.all(heard.map((each) => each.until('end')))
    heard.forEach((each, index) => {
      assert.deepEqual(each.texts, [String(index), 'end'])
    })
  })

  claimShared('carries texts of every size and sign as they are', async (bus, url, t) => {
    const other = await openProcess(t, url)
    await other.subscribe('kites')
    await assertCarries(bus, 'kites', async (texts) => {
      await other.heard.until(texts.length)
      return other.heard.texts.map((text) => text.replace('kites ', ''))
    })
  })

  claim('gives its own process what it published as it is', async (bus) => {
    const heard = hearing()
    await bus.subscribe('kites', heard.hear)
    await assertCarries(bus, 'kites', async (texts) => {
      await heard.until(texts.length)
      return heard.texts
    })
  })

  claim('refuses what it cannot carry', async (bus) => {
    const refused = (topic: string, text: string, code: string) => assert.rejects(bus.publish(topic, text), { code })
    await refused('kites', 'k'.repeat(largestText + 1), 'TAPRI_BUS_TEXT')
    await refused('kites', 'é'.repeat(largestText / 2 + 1), 'TAPRI_BUS_TEXT')
    await refused('kites', 'half \ud800', 'TAPRI_BUS_TEXT')
    for (const topic of ['', 'k'.repeat(201), 'half \udc00']) {
      await refused(topic, '', 'TAPRI_BUS_TOPIC')
      await assert.rejects(
        bus.subscribe(topic, () => {}),
        { code: 'TAPRI_BUS_TOPIC' },
      )
    }
  })

  claim('refuses what would wait without bound', async (bus) => {
    const text = 'k'.repeat(largestText)
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => bus.publish('kites', text)))
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    assert.equal(outcomes.length - reasons.length, 64)
    assert.deepEqual([...new Set(reasons)], ['TAPRI_BUS_FULL'])
    await bus.publish('kites', text)
  })

  test(`the bus of ${name} goes on when a subscriber fails`, { skip }, async (t) => {
    const told: string[] = []
    const bus = await busFor(t, await open(t), { event: (event) => void told.push(event) })
    const heard = hearing()
    await bus.subscribe('kites', () => {
      throw new Error('mine')
    })
    await bus.subscribe('kites', heard.hear)
    await bus.publish('kites', 'red')
    await heard.until('red')
    assert.deepEqual(told, ['bus.hearer.failed'])
  })

  claimShared('goes on when another process is killed', async (bus, url, t) => {
    const heard = hearing()
    await bus.subscribe('kites', heard.hear)
    const [one, other] = await Promise.all([openProcess(t, url), openProcess(t, url)])
    await Promise.all([one.subscribe('kites'), other.subscribe('kites')])
    void one.publish('kites', ...Array.from({ length: 1000 }, (_, number) => String(number))).catch(() => {})
    await heard.until('1')
    await one.kill()
    await bus.publish('kites', 'after')
    await Promise.all([heard.until('after'), other.heard.until('kites after')])
    const numbers = heard.texts.filter((text) => text !== 'after').map(Number)
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    )
  })

  claim('hears nothing and takes nothing once it is closed', async (bus) => {
    const heard = hearing()
    const end = await bus.subscribe('kites', heard.hear)
    const late = bus.publish('kites', 'late').catch(() => {})
    await bus.close()
    await late
    await bus.close()
    await end()
    await assert.rejects(bus.publish('kites', 'more'), { code: 'TAPRI_BUS_CLOSED' })
    await assert.rejects(bus.subscribe('kites', heard.hear), { code: 'TAPRI_BUS_CLOSED' })
    assert.deepEqual(await bus.health(), { isUp: false, reason: 'it is closed' })
    assert.deepEqual(heard.texts, [])
  })

  claimShared('keeps no process alive that has closed it', async (_bus, url, t) => {
    const other = await openProcess(t, url)
    await other.subscribe('kites')
    assert.equal(await other.close(), 0)
  })
}

/** What carries a bus, to be killed. */
export interface BusServer {
  readonly url: string
  /** Whether it is gone until it is restarted; else another process takes its place. */
  readonly isAway: boolean
  /** `kill -9`. */
  kill(): Promise<void>
  restart(): Promise<void>
}

/** What a bus must do when that which carries it is killed, as tests. */
export function busOutages(
  name: string,
  { skip, start }: { readonly skip: string | false; readonly start: (test: TestContext) => Promise<BusServer> },
): void {
  const claim = (text: string, check: (server: BusServer, test: TestContext) => Promise<void>) =>
    test(`the bus of ${name} ${text}`, { skip }, async (t) => check(await start(t), t))

  claim('tells every process of the gap when it is back, and hears again what it heard before', async (server, t) => {
    const told = hearing()
    const bus = await busFor(t, server.url, { event: (event) => told.hear(event) })
    const other = await openProcess(t, server.url)
    const [heard, gaps] = [hearing(), hearing()]
    bus.onGap(() => gaps.hear('gap'))
    await Promise.all([bus.subscribe('kites', heard.hear), other.subscribe('kites')])
    await bus.publish('kites', 'before')
    await Promise.all([heard.until('before'), other.heard.until('kites before')])
    const rounds = server.isAway ? [1, 2] : [1]
    for (const round of rounds) {
      await server.kill()
      await server.restart()
      await Promise.all([gaps.until(round), other.gaps.until(round)])
      await bus.publish('kites', `after ${round}`)
      await other.publish('kites', `other ${round}`)
      for (const text of [`after ${round}`, `other ${round}`]) {
        await Promise.all([heard.until(text), other.heard.until(`kites ${text}`)])
      }
    }
    const all = ['before', ...rounds.flatMap((round) => [`after ${round}`, `other ${round}`])]
    assert.deepEqual(heard.texts, all)
    assert.deepEqual(
      other.heard.texts,
      all.map((text) => `kites ${text}`),
    )
    assert.deepEqual(
      told.texts.filter((event) => event.startsWith('bus.')),
      rounds.flatMap(() => ['bus.lost', 'bus.found']),
    )
    assert.equal(gaps.texts.length, rounds.length)
  })

  claim('loses no text in silence while it is killed in the midst of many', async (server, t) => {
    const bus = await busFor(t, server.url)
    const publisher = await busFor(t, server.url)
    const heard = hearing()
    // what is heard after a gap begins anew
    bus.onGap(() => heard.hear('gap'))
    await bus.subscribe('kites', heard.hear)
    let last = 0
    const publishing = Array.from({ length: 4 }, async () => {
      while (!heard.texts.includes('gap')) await publisher.publish('kites', String(++last)).catch(() => new Promise(setImmediate))
    })
    await heard.until('50')
    await server.kill()
    await server.restart()
    await Promise.all(publishing)
    while (!heard.texts.includes('end')) await publisher.publish('kites', 'end').catch(() => new Promise(setImmediate))
    const before = heard.texts.slice(0, heard.texts.indexOf('gap')).map(Number)
    assert.deepEqual(
      before,
      before.map((_, index) => index + 1),
    )
    const after = heard.texts
      .slice(heard.texts.indexOf('gap'))
      .filter((text) => /\d/.test(text))
      .map(Number)
    assert.deepEqual(
      after,
      [...new Set(after)].toSorted((a, b) => a - b),
    )
  })

  claim('says that it is away, takes subscriptions all the same, and ends while it is away', async (server, t) => {
    const told = hearing()
    const bus = await busFor(t, server.url, { event: (event) => told.hear(event) })
    await server.kill()
    await told.until('bus.lost')
    const heard = hearing()
    if (server.isAway) {
      await assert.rejects(bus.publish('kites', 'red'), { code: 'TAPRI_BUS_LOST', status: 503 })
      const health = await bus.health()
      assert.equal(health.isUp, false)
      const early = await busFor(t, server.url)
      await early.subscribe('kites', heard.hear)
      await early.close()
    }
    const gaps = hearing()
    bus.onGap(() => gaps.hear('gap'))
    await bus.subscribe('kites', heard.hear)
    await server.restart()
    await gaps.until(1)
    await bus.publish('kites', 'red')
    await heard.until('red')
    assert.deepEqual(heard.texts, ['red'])
  })
}

/** A bus that closes when the test ends. */
export async function busFor(test: TestContext, url: string, notices?: Notices): Promise<Bus> {
  const bus = await openBus(url, { ...(notices && { notices }) })
  test.after(() => bus.close())
  return bus
}

async function assertCarries(bus: Bus, topic: string, heard: (texts: readonly string[]) => Promise<Heard['texts']>) {
  const texts = [
    '',
    '\0',
    'a\0b\r\n\t"\\',
    'ü 🪁 \u2028 e\u0301 \ufeff \uffff',
    'k'.repeat(7_900),
    '🪁'.repeat(5_000),
    'k'.repeat(largestText),
    `k${'🪁'.repeat(largestText / 4 - 1)}`,
    '\0'.repeat(largestText),
    'end',
  ]
  await Promise.all(texts.map((text) => bus.publish(topic, text)))
  const got = await heard(texts)
  assert.deepEqual(
    got.map((text) => text.length),
    texts.map((text) => text.length),
  )
  texts.forEach((text, index) => {
    assert.equal(got[index] === text, true, `text ${index} is another one`)
  })
}
