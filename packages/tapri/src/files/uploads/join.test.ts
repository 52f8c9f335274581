import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { newId } from '../../kit/ids.ts'
import { openDisk } from '../index.ts'
import type { Store } from '../store.ts'
import { Digests } from './digests.ts'
import { joinParts } from './join.ts'

const size = 2 * 1024 ** 2

/** Joins parts on a disk; `see` is told of each piece. Answers what was read of each part, and the whole where there is one. */
async function joined(count: number, signal: AbortSignal, see: () => void) {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-join-'))
  const disk = await openDisk(folder)
  try {
    const bodies: Readable[] = []
    const get: Store['get'] = async (key, range) => {
      const body = await disk.get(key, range)
      bodies.push(body)
      return body
    }
    const store = Object.assign(Object.create(disk), { pieces: disk.pieces, get })
    const parts = await Array.fromAsync({ length: count }, async (_, at) => {
      const key = newId()
      await disk.put(key, Readable.from([Buffer.alloc(size, at + 1)]))
      return { file: { key, size } }
    })
    const key = newId()
    const memo = await disk.pieces.begin(key)
    const digests = new Digests()
    const watched = {
      from(upload: string, offset: number) {
        const digest = digests.from(upload, offset)
        return (chunk: Uint8Array) => {
          digest?.(chunk)
          see()
        }
      },
      kept: (upload: string, offset: number) => digests.kept(upload, offset),
    }
    const found: any = { upload: { id: key, memo }, file: { key } }
    const tools: any = { store, digests: watched }
    const outcome = await joinParts(found, { parts: parts as any, signal }, tools).catch((cause: Error) => cause.message)
    if (typeof outcome === 'number') await disk.pieces.complete({ key, memo })
    const whole = typeof outcome === 'number' ? await buffer(await disk.get(key)) : undefined
    return { outcome, whole, areOver: bodies.map((body) => body.destroyed) }
  } finally {
    await disk.close()
    await rm(folder, { recursive: true, force: true })
  }
}

test('parts are put together in their order, and each is let go once it is read', async () => {
  const { outcome, whole, areOver } = await joined(3, new AbortController().signal, () => {})
  assert.equal(outcome, 3 * size)
  assert.ok(whole?.equals(Buffer.concat([1, 2, 3].map((value) => Buffer.alloc(size, value)))))
  assert.deepEqual(areOver, [true, true, true])
})

test('a join that another request ends in the midst of a part leaves no part open', async () => {
  const taken = new AbortController()
  const end = () => taken.abort(new Error('another request joins the same parts'))
  const { outcome, areOver } = await joined(3, taken.signal, end)
  assert.deepEqual([outcome, areOver], ['another request joins the same parts', [true]])
})
