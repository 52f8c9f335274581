import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { readSize } from './head.ts'
import { moving, numbers, plain, promising, spoiled, telephone } from './pictures.fixture.ts'
import { readHead } from './sharp.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-heads-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function pathOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'picture')
  await writeFile(path, bytes)
  return path
}

async function pictures(): Promise<Buffer[]> {
  const frames = await moving(4)
  const alpha = sharp({ create: { width: 51, height: 37, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } } })
  return [
    await telephone(),
    await plain(640, 480).jpeg({ progressive: true }).toBuffer(),
    await plain(70, 30).jpeg().withMetadata({ orientation: 8 }).toBuffer(),
    await plain(123, 45).png().toBuffer(),
    frames,
    await plain(33, 44).gif().toBuffer(),
    await plain(90, 60).webp().toBuffer(),
    await plain(90, 60).webp({ lossless: true }).toBuffer(),
    await alpha.clone().webp().toBuffer(),
    await plain(90, 60).webp().withMetadata({ orientation: 6 }).toBuffer(),
    await sharp(frames, { animated: true }).webp().toBuffer(),
  ]
}

test('without a package the sizes of pictures are those that libvips tells', async () => {
  for (const [at, bytes] of (await pictures()).entries()) {
    const path = await pathOf(bytes)
    const { width, height, pixels } = await readHead(path)
    assert.deepEqual(await readSize(path), { width, height, pixels }, String(at))
  }
})

test('a picture that promises more than it has is known by its promise', async () => {
  const bomb = await readSize(await pathOf(await promising(60_000, 60_000)))
  assert.equal(bomb.pixels, 3_600_000_000)
})

const rounds = Number(process.env.BROKEN_PICTURES ?? 60)

test(`of each kind of picture ${rounds} with wrong bytes have no fewer pixels than libvips finds, or are refused`, async () => {
  const next = numbers(7)
  let [told, refused] = [0, 0]
  for (const bytes of await pictures()) {
    for (let round = 0; round < rounds; round++) {
      const path = await pathOf(spoiled(bytes, next))
      const theirs = await readHead(path).catch(() => undefined)
      const ours = await readSize(path).catch((error: unknown) => assert.ok(error instanceof RangeError, String(error)))
      if (ours === undefined) refused++
      else {
        told++
        assert.ok(ours.pixels >= (theirs?.pixels ?? 0), `${path} ${ours.pixels} ${theirs?.pixels}`)
      }
    }
  }
  assert.ok(told > 0 && refused > 0, `${told} told, ${refused} refused`)
})

test('what is no picture, or ends before its sizes, is refused', async () => {
  const png = await plain(9, 9).png().toBuffer()
  const jpeg = await plain(9, 9).jpeg().toBuffer()
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('GIF89a'),
    Buffer.from('GIF89a\x09\0\x09\0\0\0\0;', 'latin1'),
    png.subarray(0, 20),
    Buffer.concat([png.subarray(0, 16), Buffer.alloc(100, 'x')]),
    jpeg.subarray(0, 30),
    Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(70_000, 0xff)]),
    Buffer.from('RIFF\xff\xff\xff\xffWEBPVP8 ', 'latin1'),
    Buffer.from('RIFF\x04\0\0\0WEBP', 'latin1'),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
  ]) {
    await assert.rejects(readSize(await pathOf(bytes)), RangeError, bytes.toString('latin1', 0, 20))
  }
})
