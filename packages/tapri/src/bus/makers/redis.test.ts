import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanAfter, redisUrl, withoutRedis } from '../../kit/redis.fixture.ts'
import { RedisConnections } from '../../redis/index.ts'
import { busConformance, busFor } from '../conformance.fixture.ts'

busConformance('Redis', { skip: withoutRedis, open: redisUrl, isShared: true })

test('what Redis does not allow is told in its own words', { skip: withoutRedis }, async (t) => {
  const url = new URL(redisUrl())
  const connections = new RedisConnections()
  const redis = await connections.open(url.href)
  const name = redis.key('ann').replaceAll(':', '-')
  await redis.command('ACL', 'SETUSER', name, 'on', '>hunter2', '~*', 'resetchannels', '+@all')
  t.after(() => redis.command('ACL', 'DELUSER', name))
  cleanAfter(t, redis, connections)
  url.username = name
  url.password = 'hunter2'
  const bus = await busFor(t, url.href)
  await assert.rejects(bus.publish('kites', 'red'), { code: 'TAPRI_BUS_REFUSED', message: /NOPERM/ })
  await assert.rejects(
    bus.subscribe('kites', () => {}),
    { code: 'TAPRI_BUS_REFUSED', message: /NOPERM/ },
  )
})
