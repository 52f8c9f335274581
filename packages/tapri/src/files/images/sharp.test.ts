import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { blue, moving, pixelOf, plain, promising, red, telephone } from './pictures.fixture.ts'
import { isPassing, readHead, resized, type Wished } from './sharp.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-pictures-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function pathOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'picture')
  await writeFile(path, bytes)
  return path
}

const usual: Wished = { width: 100, fit: 'cover', format: 'plain', quality: undefined, maxPixels: 1_000_000 }

test('a picture of a telephone stands upright, and says nothing of its place and owner', async () => {
  const path = await pathOf(await telephone())
  assert.deepEqual(await readHead(path), { width: 300, height: 400, pixels: 120_000, isMoving: false, hasAlpha: false })
  for (const format of ['best', 'webp', 'plain', 'png'] as const) {
    const { bytes } = await resized(path, { ...usual, format })
    const found = await sharp(bytes).metadata()
    assert.deepEqual([found.width, found.height], [100, 133], format)
    assert.deepEqual([found.orientation, found.exif, found.icc, found.xmp], [undefined, undefined, undefined, undefined], format)
    assert.equal(bytes.includes('Asha'), false)
    const [top, bottom] = [await pixelOf(bytes, 50, 20), await pixelOf(bytes, 50, 110)]
    assert.ok((top[0] ?? 0) > 230 && (top[2] ?? 255) < 30, `${format} ${top}`)
    assert.ok((bottom[2] ?? 0) > 230 && (bottom[0] ?? 255) < 30, `${format} ${bottom}`)
  }
})

test('colours of a wide profile and of print come out as sRGB', async () => {
  const wide = await plain(50, 50, { r: 200, g: 60, b: 60 }).withIccProfile('p3').png().toBuffer()
  assert.notEqual((await sharp(wide).metadata()).icc, undefined)
  const shown = await resized(await pathOf(wide), { ...usual, format: 'png' })
  const found = await sharp(shown.bytes).metadata()
  assert.deepEqual([found.icc, found.space], [undefined, 'srgb'])
  const [r = 0, g = 0, b = 0] = await pixelOf(shown.bytes, 10, 10)
  assert.ok(Math.abs(r - 200) < 4 && Math.abs(g - 60) < 4 && Math.abs(b - 60) < 4, `${[r, g, b]}`)
  const print = await plain(50, 50).toColourspace('cmyk').jpeg().toBuffer()
  assert.equal((await sharp(print).metadata()).space, 'cmyk')
  assert.equal((await sharp((await resized(await pathOf(print), usual)).bytes).metadata()).space, 'srgb')
})

test('both sides cut or fit as they are told, and nothing is enlarged', async () => {
  const path = await pathOf(await plain(400, 200).jpeg().toBuffer())
  const cases: [Partial<Wished>, number, number][] = [
    [{ width: 100, height: 100 }, 100, 100],
    [{ width: 100, height: 100, fit: 'inside' }, 100, 50],
    [{ width: 100 }, 100, 50],
    [{ width: undefined, height: 100 }, 200, 100],
    [{ width: 4000 }, 400, 200],
    [{ width: 4000, height: 4000, fit: 'inside' }, 400, 200],
  ]
  for (const [wished, width, height] of cases) {
    const found = await sharp((await resized(path, { ...usual, ...wished })).bytes).metadata()
    assert.deepEqual([found.width, found.height], [width, height], JSON.stringify(wished))
  }
})

test('a side that follows from the other is no longer than its format takes', async () => {
  const path = await pathOf(await plain(17_000, 40).jpeg().toBuffer())
  const most = { best: 16_384, webp: 16_383, plain: 17_000 } as const
  for (const [format, width] of Object.entries(most)) {
    const made = await resized(path, { ...usual, width: undefined, height: 40, format: format as keyof typeof most })
    assert.equal((await sharp(made.bytes).metadata()).width, width, format)
  }
})

test('what may go well another time is told from what is broken', async () => {
  const path = await pathOf(await plain(40, 30).jpeg().toBuffer())
  await assert.rejects(resized(join(folder, 'nowhere'), usual), isPassing)
  await assert.rejects(sharp(path).resize(8000, 8000).timeout({ seconds: 1 }).avif({ effort: 9 }).toBuffer(), isPassing)
  const cut = await pathOf((await plain(600, 600).jpeg().toBuffer()).subarray(0, 2000))
  await assert.rejects(resized(cut, usual), (error) => !isPassing(error))
})

test('what moves keeps moving where the format can, and its frames count', async () => {
  const path = await pathOf(await moving(4))
  assert.deepEqual(await readHead(path), { width: 40, height: 30, pixels: 4800, isMoving: true, hasAlpha: true })
  const cases = [
    ['best', 'image/webp', 4],
    ['webp', 'image/webp', 4],
    ['plain', 'image/gif', 4],
    ['avif', 'image/avif', 1],
    ['jpeg', 'image/jpeg', 1],
  ] as const
  for (const [format, type, frames] of cases) {
    const made = await resized(path, { ...usual, width: 20, format })
    const found = await sharp(made.bytes).metadata()
    assert.deepEqual([made.type, found.pages ?? 1, found.width], [type, frames, 20], format)
  }
  await assert.rejects(resized(path, { ...usual, maxPixels: 4799 }), /pixel limit/)
})

test('what one sees through stays so where the format can, and is white in JPEG', async () => {
  const path = await pathOf(
    await sharp({ create: { width: 50, height: 50, channels: 4, background: { ...blue, alpha: 0 } } })
      .png()
      .toBuffer(),
  )
  const shown = await resized(path, usual)
  assert.deepEqual([shown.type, (await pixelOf(shown.bytes, 5, 5))[3]], ['image/png', 0])
  const best = await resized(path, { ...usual, format: 'best' })
  assert.deepEqual([best.type, (await pixelOf(best.bytes, 5, 5))[3]], ['image/avif', 0])
  const white = await pixelOf((await resized(path, { ...usual, format: 'jpeg' })).bytes, 5, 5)
  assert.deepEqual(white, [255, 255, 255])
})

test('the quality is heard', async () => {
  const path = await pathOf(
    await sharp({
      create: { width: 300, height: 300, channels: 3, background: red, noise: { type: 'gaussian', mean: 128, sigma: 60 } },
    })
      .png()
      .toBuffer(),
  )
  for (const format of ['jpeg', 'webp', 'avif'] as const) {
    const [low, high] = [
      await resized(path, { ...usual, format, quality: 10 }),
      await resized(path, { ...usual, format, quality: 95 }),
    ]
    assert.ok(low.bytes.length * 2 < high.bytes.length, `${format} ${low.bytes.length} ${high.bytes.length}`)
  }
})

test('a picture that ends early, or promises what it has not, is not decoded', async () => {
  const jpeg = await plain(600, 600).jpeg().toBuffer()
  const cut = await pathOf(jpeg.subarray(0, jpeg.length >> 1))
  assert.equal((await readHead(cut)).width, 600)
  await assert.rejects(resized(cut, usual), Error)
  const bomb = await pathOf(await promising(60_000, 60_000))
  assert.equal((await readHead(bomb)).pixels, 3_600_000_000)
  await assert.rejects(resized(bomb, usual), /pixel limit/)
  await assert.rejects(resized(await pathOf(await promising(900, 900)), usual), Error)
  await assert.rejects(readHead(await pathOf(Buffer.from('GIF89a'))), Error)
  await assert.rejects(readHead(await pathOf(new Uint8Array(0))), Error)
})
