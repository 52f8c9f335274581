import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoxScanner } from './boxes.ts'
import { filmed, filmedPath, playable, withoutFfmpeg } from './films.fixture.ts'
import { type Fragment, FragmentScanner } from './fragments.ts'

test('boxes are told apart however their bytes come', () => {
  const bytes = Buffer.concat([
    box('ftyp', 'isom'),
    box('free', ''),
    large('mdat', 'kites'),
    box('moov', 'head'),
    box('moof', 'x'),
  ])
  const whole = new BoxScanner().write(bytes)
  assert.deepEqual(
    whole.map(({ type, start, size }) => [type, start, size]),
    [
      ['ftyp', 0, 12],
      ['free', 12, 8],
      ['mdat', 20, 21],
      ['moov', 41, 12],
      ['moof', 53, 9],
    ],
  )
  assert.deepEqual(
    whole.map(({ body }) => body?.toString()),
    [undefined, undefined, undefined, 'head', 'x'],
  )
  for (let size = 1; size < bytes.length; size++) {
    const scanner = new BoxScanner()
    const found = []
    for (let at = 0; at < bytes.length; at += size) found.push(...scanner.write(bytes.subarray(at, at + size)))
    assert.deepEqual(found, whole, String(size))
  }
})

test('a box that lies about its size is refused, not waited for', () => {
  assert.throws(() => new BoxScanner().write(Buffer.from('\0\0\0\x04mdat', 'latin1')), RangeError)
  assert.throws(() => new BoxScanner().write(Buffer.from('\x7f\xff\xff\xffmoov', 'latin1')), RangeError)
})

test('pieces, their lengths and their codecs are found, also when bytes come in odd parts', { skip: withoutFfmpeg }, async () => {
  const args = ['-i', filmedPath(playable()), '-c', 'copy', '-movflags', '+frag_keyframe+empty_moov+default_base_moof']
  const bytes = Buffer.from(await filmed('pieces.mp4', args).arrayBuffer())
  const scanner = new FragmentScanner()
  const found: Fragment[] = []
  for (let at = 0; at < bytes.length; at += 7777) found.push(...scanner.write(bytes.subarray(at, at + 7777)))
  assert.deepEqual(scanner.head?.codecs, ['avc1.42c01e', 'mp4a.40.2'])
  assert.equal(found.length, 3)
  assert.ok(found.every(({ duration }) => Math.abs(duration - 2) < 0.1))
  assert.equal(found[0]?.start, scanner.head?.size)
  for (const [at, { start, size }] of found.entries()) {
    assert.equal(bytes.toString('latin1', start + 4, start + 8), 'moof')
    if (at > 0) assert.equal((found[at - 1]?.start ?? 0) + (found[at - 1]?.size ?? 0), start)
    assert.ok(start + size <= bytes.length)
  }
})

function box(type: string, content: string): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(8 + content.length)
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, Buffer.from(content)])
}

function large(type: string, content: string): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32BE(1)
  header.write(type, 4, 'latin1')
  header.writeBigUInt64BE(BigInt(16 + content.length), 8)
  return Buffer.concat([header, Buffer.from(content)])
}
