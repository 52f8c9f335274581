import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRedisUrl } from './url.ts'

test('a URL names host, port, user, password, database and what keys begin with', () => {
  const url = readRedisUrl('rediss://ann:p%40ss@cache.test:7000/3?prefix=tube:&connect_timeout=5s&command_timeout=250ms')
  assert.deepEqual(url, {
    host: 'cache.test',
    port: 7000,
    database: 3,
    user: 'ann',
    password: 'p@ss',
    tls: true,
    prefix: 'tube:',
    connectTimeout: 5000,
    commandTimeout: 250,
    shown: 'rediss://cache.test:7000/3',
  })
  const bare = readRedisUrl('redis://[::1]')
  assert.deepEqual([bare.host, bare.port, bare.database, bare.tls, bare.prefix], ['::1', 6379, 0, false, 'tapri:'])
})

test('a URL that cannot be used is refused without showing its password', () => {
  for (const text of [
    'redis://:hunter2@host/zero',
    'redis://:hunter2@host/0?color=red',
    'redis://:hunter2@host/0?command_timeout=soon',
    'redis://:hunter2@host/0?command_timeout=0s',
    'http://:hunter2@host/0',
    'redis:host:hunter2',
    'redis://:hunter2@host:99999999',
  ]) {
    assert.throws(
      () => readRedisUrl(text),
      (error: Error & { code?: string }) => error.code === 'TAPRI_REDIS_URL' && !error.message.includes('hunter2'),
      text,
    )
  }
})
