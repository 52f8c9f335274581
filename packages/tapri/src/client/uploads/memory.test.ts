import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remember } from './memory.ts'
import { film, mapMemory } from './tus.fixture.ts'

const place = ['http://club.test/api', 'videos.create', 'source']

test('a file is known again by its name, size, type and time; a blob only by itself', async () => {
  const memory = mapMemory()
  const first = await remember(film(10), place, memory)
  first?.keep('u1')
  first?.close()
  assert.equal((await remember(film(10), place, memory))?.find(), 'u1')
  assert.equal((await remember(film(11), place, memory))?.find(), undefined)
  assert.equal((await remember(film(10), [...place, 'other'], memory))?.find(), undefined)
  const blob = new Blob(['kites'])
  const kept = await remember(blob, place, memory)
  kept?.keep('u2')
  kept?.close()
  assert.equal((await remember(blob, place, memory))?.find(), 'u2')
  assert.equal((await remember(new Blob(['kites']), place, memory))?.find(), undefined)
})

test('a file is in one hand at a time', async () => {
  const source = film(20)
  const first = await remember(source, place, null)
  assert.ok(first)
  assert.equal(await remember(source, place, null), undefined)
  first.close()
  assert.ok(await remember(source, place, null))
})

test('the last fifty are kept, and those that are forgotten are gone', async () => {
  const memory = mapMemory()
  const all = await Promise.all(Array.from({ length: 60 }, (_, index) => remember(film(30, `${index}.mp4`), place, memory)))
  for (const [index, one] of all.entries()) one?.keep(`u${index}`)
  for (const one of all) one?.close()
  const known = async (index: number) => {
    const found = await remember(film(30, `${index}.mp4`), place, memory)
    found?.close()
    return found?.find()
  }
  assert.deepEqual([await known(9), await known(10), await known(59)], [undefined, 'u10', 'u59'])
  all[59]?.forget()
  assert.equal(await known(59), undefined)
})

test('a memory that is full, broken or forbidden costs nothing but itself', async () => {
  const broken = {
    getItem: () => '{"no":"list"}',
    setItem() {
      throw new DOMException('full', 'QuotaExceededError')
    },
  }
  const one = await remember(film(40), place, broken)
  one?.keep('u1')
  assert.equal(one?.find(), 'u1')
  one?.forget()
  assert.equal(one?.find(), undefined)
})
