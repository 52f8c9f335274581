import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ladderOf, targetOf } from './ladder.ts'

const heights = [1080, 720, 360]

test('no rendition is larger than the film, and one is always made', () => {
  const names = (width: number, height: number) => ladderOf({ width, height, rate: 25 }, heights).map(({ name }) => name)
  assert.deepEqual(names(3840, 2160), ['1080p', '720p', '360p'])
  assert.deepEqual(names(1280, 720), ['720p', '360p'])
  assert.deepEqual(names(1919, 1079), ['720p', '360p'])
  assert.deepEqual(names(320, 180), ['180p'])
  assert.deepEqual(names(2, 2), ['2p'])
})

test('sides are even and keep the form of the film, which may stand upright', () => {
  const sides = (width: number, height: number) =>
    ladderOf({ width, height, rate: 25 }, heights).map((step) => [step.width, step.height])
  assert.deepEqual(sides(1920, 1080), [
    [1920, 1080],
    [1280, 720],
    [640, 360],
  ])
  assert.deepEqual(sides(1080, 1920), [
    [1080, 1920],
    [720, 1280],
    [360, 640],
  ])
  assert.deepEqual(sides(853, 480), [[640, 360]])
  assert.deepEqual(sides(101, 99), [[102, 100]])
})

test('more pictures a second may take more bits, and at most 60 are shown', () => {
  const [at25] = ladderOf({ width: 1920, height: 1080, rate: 25 }, heights)
  const [at240] = ladderOf({ width: 1920, height: 1080, rate: 240 }, heights)
  assert.deepEqual([at25?.most, at25?.rate], [5_000_000, 25])
  assert.deepEqual([at240?.most, at240?.rate], [7_500_000, 60])
})

test('playlists tell of no shorter pieces than there may be, at any rate', () => {
  const targets = [60, 25, 24000 / 1001, 2, 1, 0.5].map((rate) => targetOf({ rate }))
  assert.deepEqual([...targets, targetOf(null)], [4, 4, 4, 5, 5, 6, 4])
})
