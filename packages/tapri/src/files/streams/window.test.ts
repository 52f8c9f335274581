import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow, livePlaylist, moved, type Window } from './window.ts'

function after(count: number, window: Window = { ...emptyWindow, pushes: 1 }): { window: Window; gone: string[] } {
  const gone: string[] = []
  let now = window
  for (let piece = 0; piece < count; piece++) {
    const next = moved(now, 2)
    now = next.window
    gone.push(...next.gone)
  }
  return { window: now, gone }
}

test('a playlist names the last six pieces, and numbers them on', () => {
  const playlist = livePlaylist(after(10).window, { isEnded: false })
  assert.match(playlist, /MEDIA-SEQUENCE:4\n/)
  assert.deepEqual(
    playlist.match(/piece-0-\d+/g),
    [4, 5, 6, 7, 8, 9].map((at) => `piece-0-${at}`),
  )
  assert.doesNotMatch(playlist, /ENDLIST|#EXT-X-DISCONTINUITY\n/)
  assert.match(livePlaylist(after(10).window, { isEnded: true }), /#EXT-X-ENDLIST\n$/)
})

test('a piece stays for as long as a playlist that named it may be played, and then goes', () => {
  const { window, gone } = after(20)
  assert.deepEqual(
    gone,
    [0, 1, 2, 3, 4, 5].map((at) => `piece-0-${at}.m4s`),
  )
  assert.equal(window.pieces.length, 14)
})

test('a new push is a discontinuity with a head of its own; the old head goes with its last piece', () => {
  const first = after(5).window
  const second = after(3, { ...first, pushes: 2 }).window
  assert.match(
    livePlaylist(second, { isEnded: false }),
    /DISCONTINUITY-SEQUENCE:0\n[\s\S]*head-0\.mp4[\s\S]*piece-0-4\.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="head-1\.mp4"\n/,
  )
  const { window, gone } = after(20, second)
  assert.match(livePlaylist(window, { isEnded: false }), /DISCONTINUITY-SEQUENCE:1\n/)
  assert.deepEqual(
    gone.filter((name) => name.startsWith('head')),
    ['head-0.mp4'],
  )
})

test('discontinuities are counted, not pushes: one of which no piece came is none', () => {
  const first = after(2).window
  const third = after(7, { ...first, pushes: 3 }).window
  const playlist = livePlaylist(third, { isEnded: false })
  assert.match(playlist, /DISCONTINUITY-SEQUENCE:1\n[\s\S]*head-2\.mp4/)
  assert.doesNotMatch(playlist, /#EXT-X-DISCONTINUITY\n/)
})

test('players are told the same longest piece from the first one on', () => {
  let window: Window = { ...emptyWindow, pushes: 1 }
  for (const duration of [1.9, 2, 2.4, 4]) {
    window = moved(window, duration).window
    assert.match(livePlaylist(window, { isEnded: false }), /TARGETDURATION:4\n/)
  }
})

test('what players are told of the longest piece never shrinks', () => {
  const long = moved({ ...emptyWindow, pushes: 1 }, 9.5).window
  assert.match(livePlaylist(after(30, long).window, { isEnded: false }), /TARGETDURATION:10\n/)
})
