import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kit/ids.ts'
import { busConformance, busFor } from '../conformance.fixture.ts'
import { hearing } from '../heard.fixture.ts'
import { openBus } from '../open.ts'

const server = process.env.TEST_NATS_URL
const skip = server === undefined && 'set TEST_NATS_URL, like nats://127.0.0.1:4222, or start one with scripts/services'

busConformance('NATS', {
  skip,
  open: () => `${server}?prefix=test-${newId()}`,
  isShared: true,
})

test('the URL of a NATS is read, and its password is in no message', async () => {
  for (const url of [
    'nats:',
    'nats://',
    'nats://ann:hunter2@',
    'nats://ann:hunter2@one,,other',
    'nats://ann:hunter2%@host',
    'nats://ann:hunter2@host?size=1',
    'nats://ann:hunter2@host?prefix=a.b',
  ]) {
    await assert.rejects(openBus(url), (error: Error & { code?: string }) => {
      return error.code === 'TAPRI_BUS_URL' && !/hunter2/.test(error.message)
    })
  }
})

test('one of several servers of NATS is enough', { skip }, async (t) => {
  const bus = await busFor(t, `nats://127.0.0.1:1,${new URL(server ?? '').host}?prefix=test-${newId()}`)
  const heard = hearing()
  await bus.subscribe('kites', heard.hear)
  await bus.publish('kites', 'red')
  await heard.until('red')
})
