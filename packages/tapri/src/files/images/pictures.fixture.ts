import sharp from 'sharp'

export const red = { r: 255, g: 0, b: 0 }
export const blue = { r: 0, g: 0, b: 255 }

/** A picture of one colour. */
export function plain(width: number, height: number, background: object = red) {
  return sharp({ create: { width, height, channels: 3, background } })
}

/** A JPEG as a telephone makes it that is held upright: lying, red at its left side, with a place and a name in it. */
export function telephone(): Promise<Buffer> {
  return plain(400, 300, blue)
    .composite([{ input: { create: { width: 200, height: 300, channels: 3, background: red } }, left: 0, top: 0 }])
    .jpeg({ quality: 95 })
    .withExif({
      IFD0: { Copyright: 'Asha of Pune', Make: 'Telephone' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '18/1 31/1 0/1' },
    })
    .withMetadata({ orientation: 6 })
    .toBuffer()
}

/** So many frames that move. */
export async function moving(frames: number, width = 40, height = 30): Promise<Buffer> {
  const each = await Promise.all(
    Array.from({ length: frames }, (_, at) =>
      plain(width, height, { r: at * 50, g: 255 - at * 50, b: 100 })
        .png()
        .toBuffer(),
    ),
  )
  return sharp(each, { join: { animated: true } })
    .gif({ delay: 80, loop: 0 })
    .toBuffer()
}

export function avif(): Promise<Buffer> {
  return plain(40, 30).avif().toBuffer()
}

/** The colour of a pixel. */
export async function pixelOf(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  const { data } = await sharp(bytes).extract({ left, top, width: 1, height: 1 }).raw().toBuffer({ resolveWithObject: true })
  return [...data]
}

/** A PNG whose head promises more pixels than there are. */
export async function promising(width: number, height: number): Promise<Buffer> {
  const bytes = await plain(8, 8).png().toBuffer()
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  bytes.writeUInt32BE(crc(bytes.subarray(12, 29)), 29)
  return bytes
}

/** CRC-32 as PNG has it. */
function crc(bytes: Uint8Array): number {
  let value = ~0
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return ~value >>> 0
}

/** A few wrong bytes, most often near the start, or an early end. */
export function spoiled(bytes: Buffer, next: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  for (let count = 1 + next(6); count > 0; count--) {
    const within = next(3) === 0 ? copy.length : Math.min(copy.length, 200)
    copy[next(within)] = next(256)
  }
  return next(4) === 0 ? copy.subarray(0, next(copy.length)) : copy
}

/** Numbers that are the same in every run. */
export function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
