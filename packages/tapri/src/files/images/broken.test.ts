import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { moving, numbers, plain, spoiled, telephone } from './pictures.fixture.ts'
import { readHead, resized } from './sharp.ts'

const rounds = Number(process.env.BROKEN_PICTURES ?? 60)
const maxPixels = 1_000_000

test(`of each format ${rounds} pictures with wrong bytes are shown or refused, and end nothing`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-broken-'))
  const colourful = await plain(64, 48)
    .composite([{ input: await moving(2), left: 5, top: 5 }])
    .png()
    .toBuffer()
  const pictures = [
    await telephone(),
    colourful,
    await moving(3),
    await sharp(colourful).webp().toBuffer(),
    await sharp(colourful).avif().toBuffer(),
    await sharp(colourful).tiff({ compression: 'lzw' }).toBuffer(),
  ]
  const next = numbers(11)
  let shown = 0
  let refused = 0
  try {
    for (const [index, bytes] of pictures.entries()) {
      for (let round = 0; round < rounds; round++) {
        const path = join(folder, `${index}-${round}`)
        await writeFile(path, spoiled(bytes, next))
        const made = await madeOf(path)
        if (made === undefined) refused++
        else {
          const { width = 0, height = 0 } = await sharp(made.bytes).metadata()
          assert.ok(width > 0 && width <= 32 && height > 0, `${path} ${width}x${height}`)
          shown++
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  assert.equal(shown + refused, pictures.length * rounds)
  assert.ok(shown > 0 && refused > 0, `${shown} shown, ${refused} refused`)
})

/** As a picture that comes is treated: by its head first. */
async function madeOf(path: string) {
  try {
    const { pixels } = await readHead(path)
    if (pixels > maxPixels) return undefined
    return await resized(path, { width: 32, fit: 'cover', format: 'webp', quality: undefined, maxPixels })
  } catch (error) {
    assert.ok(error instanceof Error)
    return undefined
  }
}
