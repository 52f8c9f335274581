import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { withoutFfmpeg } from '../media/films.fixture.ts'
import { sent } from './push.fixture.ts'
import { takePush } from './push.ts'

test('what an encoder had sent before it left is taken to its end', { skip: withoutFfmpeg }, async () => {
  const source = Object.assign(new Readable({ read() {} }), { complete: true })
  source.push(await sent())
  source.push(null)
  const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
  const into = { begin: async () => {}, add: async () => {} }
  const taken = takePush(source, into, { programs, signal: new AbortController().signal })
  source.destroy(new Error('The connection was closed'))
  const { seconds } = await taken
  assert.ok(seconds > 11.8 && seconds < 12.2, String(seconds))
})
