// Draws the sample clips: `node draw.mjs` beside an ffmpeg that knows H.264 writes kites.mp4 and chai.mp4.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chaiScene } from './chai.mjs'
import { kitesScene } from './kites.mjs'
import { height, width } from './paint.mjs'

const framesPerSecond = 24
const seconds = 9

await draw('kites', kitesScene, [392, 440, 523.25, 587.33, 659.25], 0.75)
await draw('chai', chaiScene, [220, 261.63, 329.63, 392, 440], 1.1)

async function draw(name, scene, notes, beat) {
  const tune = join(tmpdir(), `${name}.pcm`)
  writeFileSync(tune, play(notes, beat))
  const output = new URL(`${name}.mp4`, import.meta.url).pathname
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-loglevel', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`],
      ...['-r', framesPerSecond, '-i', '-', '-f', 's16le', '-ar', 44_100, '-ac', 1, '-i', tune],
      ...['-c:v', 'libx264', '-preset', 'veryslow', '-crf', 27, '-pix_fmt', 'yuv420p', '-g', 48],
      ...['-c:a', 'aac', '-b:a', '64k', '-map_metadata', -1, '-movflags', '+faststart', output],
    ].map(String),
    { stdio: ['pipe', 'inherit', 'inherit'] },
  )
  for (let frame = 0; frame < framesPerSecond * seconds; frame++) {
    if (!ffmpeg.stdin.write(paint(scene(frame / framesPerSecond)))) await once(ffmpeg.stdin, 'drain')
  }
  ffmpeg.stdin.end()
  await once(ffmpeg, 'close')
  rmSync(tune)
}

function paint(colourAt) {
  const pixels = Buffer.allocUnsafe(width * height * 3)
  let offset = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const part of colourAt(x, y)) pixels[offset++] = Math.min(255, Math.max(0, Math.round(part)))
    }
  }
  return pixels
}

/** Soft bells over a quiet drone, faded in and out. */
function play(notes, beat) {
  const samples = new Int16Array(44_100 * seconds)
  for (let index = 0; index < samples.length; index++) {
    const t = index / 44_100
    let sum = 0.05 * Math.sin(2 * Math.PI * (notes[0] / 4) * t) * (1 + 0.3 * Math.sin(t))
    for (let step = Math.max(0, Math.floor(t / beat) - 3); step <= t / beat; step++) {
      const since = t - step * beat
      const note = notes[(step * 3 + (step >> 2)) % notes.length]
      const ring = Math.exp(-since * 2.2) * Math.min(1, since * 60)
      sum += 0.16 * ring * (Math.sin(2 * Math.PI * note * t) + 0.25 * Math.sin(4 * Math.PI * note * t))
    }
    const fade = Math.min(1, t * 2, (seconds - t) * 1.2)
    samples[index] = Math.round(sum * fade * 32_000)
  }
  return Buffer.from(samples.buffer)
}
