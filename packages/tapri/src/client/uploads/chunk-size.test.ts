import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChunkSize } from './chunk-size.ts'

const mib = 1024 * 1024

test('pieces grow on a quick line, to 32 MiB at most', () => {
  const chunk = new ChunkSize()
  assert.equal(chunk.bytes, mib / 4)
  for (let turn = 0; turn < 20; turn++) chunk.arrived(100)
  assert.equal(chunk.bytes, 32 * mib)
})

test('pieces shrink on a slow line, to 64 KiB at least', () => {
  const chunk = new ChunkSize()
  for (let turn = 0; turn < 20; turn++) chunk.arrived(10_000)
  assert.equal(chunk.bytes, mib / 16)
})

test('pieces that take a few seconds stay as they are', () => {
  const chunk = new ChunkSize()
  for (let turn = 0; turn < 20; turn++) chunk.arrived(3_000)
  assert.equal(chunk.bytes, mib / 4)
})

test('after a loss pieces are smaller, and grow only with care', () => {
  const chunk = new ChunkSize()
  for (let turn = 0; turn < 2; turn++) chunk.arrived(100)
  chunk.lost()
  assert.equal(chunk.bytes, mib / 2)
  for (let turn = 0; turn < 3; turn++) chunk.arrived(100)
  assert.equal(chunk.bytes, mib / 2)
  chunk.arrived(100)
  assert.equal(chunk.bytes, mib)
})
