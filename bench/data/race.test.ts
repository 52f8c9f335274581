import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, race, rateRatio, timeRatio } from './race.ts'
import type { Contender, Post } from './work.ts'
import { requireSame } from './workloads.ts'

const rates = new Map([
  ['ours', [50, 200, 100]],
  ['theirs', [100, 100, 100]],
])

test('a ratio is the median of the rounds, each compared with its own', () => {
  assert.equal(rateRatio(rates, 'ours', 'theirs'), 1)
  assert.equal(timeRatio(rates, 'ours', 'theirs'), 1)
  assert.equal(rateRatio(new Map([...rates, ['ours', [50, 50, 400]]]), 'ours', 'theirs'), 0.5)
  assert.equal(timeRatio(new Map([...rates, ['ours', [50, 50, 400]]]), 'ours', 'theirs'), 2)
  assert.equal(median([4, 1, 3, 2]), 2.5)
})

test('every entrant takes part in every round, with so many callers at once', async () => {
  let atOnce = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++atOnce)
    await new Promise(setImmediate)
    atOnce--
  }
  const entrants = ['one', 'other'].map((name) => ({ name, run: work }))
  const found = await race(entrants, { callers: 5, rounds: 3, milliseconds: 1 })
  assert.deepEqual(
    [...found].map(([name, rounds]) => [name, rounds.length]),
    [
      ['one', 3],
      ['other', 3],
    ],
  )
  assert.equal(most, 5)
})

test('nobody is compared who gives other rows', async () => {
  const post: Post = { id: '1', title: 'Tea', body: '', published: true, views: 1, at: new Date(0), owner: '2' }
  const giving = (views: number): Contender => ({
    point: async () => ({ ...post, views }),
    list: async () => [],
    page: async () => ({ rows: [], total: 0 }),
    insert: async () => {},
    change: async () => {},
    close: async () => {},
  })
  const facts = { caller: { id: '2', name: 'Ann', email: '' }, owned: ['1'], readable: ['1'] }
  const arena = (views: number) => {
    const contenders = new Map([
      ['tapri', giving(1)],
      ['bare', giving(views)],
    ])
    return { database: 'sqlite' as const, callers: 1, facts, contenders, close: async () => {} }
  }
  await requireSame(arena(1))
  await assert.rejects(requireSame(arena(2)), /bare gives other rows/)
})
