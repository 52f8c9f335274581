import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startApp } from 'tapri'
import { redisUrl, withoutRedis } from '../packages/tapri/src/kit/redis.fixture.ts'
import { silentLog } from '../packages/tapri/src/observe/index.ts'
import club from './club/app.ts'

test('processes that share a Redis count guesses at a password together', { skip: withoutRedis }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-guesses-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const environment = {
    NODE_ENV: 'test',
    CACHE_URL: redisUrl(),
    DATABASE_URL: `sqlite:${join(folder, 'app.db')}`,
    FILES_URL: `disk:${join(folder, 'files')}`,
  }
  const one = await startApp(club.description, { port: 0, file: null, log: silentLog, environment })
  const other = await startApp(club.description, { port: 0, file: null, log: silentLog, environment })
  t.after(async () => {
    await one.stop()
    await other.stop()
  })
  // an address of its own: the counts outlive a test
  const email = `${process.pid}-${Date.now()}@guesses.test`
  const guess = async (url: string) => {
    const body = JSON.stringify({ email, password: 'not the right one' })
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${url}/auth/sign-in`, { method: 'POST', headers, body })).status
  }
  const answers: number[] = []
  for (let count = 0; count < 12; count++) answers.push(await guess(count % 2 === 0 ? one.apiUrl : other.apiUrl))
  assert.deepEqual(answers, [...Array.from({ length: 10 }, () => 401), 429, 429])
})
