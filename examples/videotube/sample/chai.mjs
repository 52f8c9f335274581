import { clamp, gradient, mix, noise, smooth } from './paint.mjs'

const wall = [
  [0, [38, 26, 34]],
  [0.55, [96, 48, 40]],
  [1, [168, 88, 50]],
]
const tea = [
  [0, [222, 158, 98]],
  [0.08, [200, 122, 62]],
  [1, [134, 66, 28]],
]
const lights = Array.from({ length: 15 }, (_, index) => ({
  x: (index * 173.3) % 640,
  y: 24 + ((index * 71.7) % 170),
  size: 15 + ((index * 37) % 26),
  colour: [
    [255, 190, 96],
    [255, 128, 72],
    [255, 224, 170],
    [120, 168, 160],
  ][index % 4],
  pace: 0.5 + (index % 5) * 0.17,
}))
const [middle, rim, foot] = [320, 168, 318]

/** A glass of tea steaming in front of evening lights. */
export function chaiScene(t) {
  return (x, y) => {
    let colour = y < 292 ? backdropAt(x, y, t) : tableAt(x, y)
    colour = glassAt(x, y, t, colour)
    return mix(colour, [255, 240, 224], steamAt(x, y, t))
  }
}

function backdropAt(x, y, t) {
  let colour = gradient(wall, y / 292)
  for (const [index, light] of lights.entries()) {
    const away = Math.hypot(x - light.x - 12 * Math.sin(t * 0.4 + index), y - light.y - 5 * Math.cos(t * 0.5 + index))
    if (away > light.size + 3) continue
    const glow = 0.3 + 0.16 * Math.sin(t * light.pace * 2 + index * 2)
    colour = mix(colour, light.colour, glow * smooth(light.size + 2, light.size - 3, away) * (0.7 + (0.3 * away) / light.size))
  }
  return colour
}

function tableAt(x, y) {
  const grain = noise(x / 70, y / 2.2) * 0.5 + noise(x / 22 + 9, y / 1.3) * 0.5
  const wood = mix([74, 38, 26], [112, 62, 38], grain * smooth(292, 350, y) + 0.15)
  const shade = Math.exp(-(((x - middle - 14) / 100) ** 2) - ((y - foot - 4) / 14) ** 2)
  return mix(mix(wood, [236, 158, 90], 0.4 * Math.exp(-(y - 292) / 9)), [26, 12, 10], shade * 0.75)
}

function glassAt(x, y, t, behind) {
  const down = (y - rim) / (foot - rim)
  const half = 66 - 20 * clamp(down)
  const bow = 7 * (1 - ((x - middle) / half) ** 2)
  if (y < rim - 9 || y > foot + 9 || Math.abs(x - middle) > half + 2) return behind
  const side = smooth(half + 1, half - 1, Math.abs(x - middle))
  const inside = side * smooth(rim - bow - 1, rim - bow + 1, y) * smooth(foot + bow + 1, foot + bow - 1, y)
  const flute = Math.asin(clamp(Math.abs(x - middle) / half)) * 7.2
  const ridge = 0.5 + 0.5 * Math.cos(flute * 2)
  const surface = rim + 26 + 1.4 * Math.sin(t * 1.7 + x / 26)
  let colour = mix(behind, [255, 236, 214], 0.1 + 0.1 * ridge)
  const filled = smooth(surface - 1, surface + 1, y + bow * 0.5) * smooth(foot - 2, foot - 8, y - bow * 0.6)
  const swirl = noise(x / 30 + Math.sin(t * 0.5) * 2, y / 24 - t * 0.35) * 0.35
  colour = mix(colour, mix(gradient(tea, clamp(down + swirl - 0.24)), [255, 214, 150], 0.16 * ridge), filled * 0.96)
  colour = mix(colour, [244, 202, 150], 0.8 * filled * smooth(7, 1, Math.abs(y + bow * 0.5 - surface - 3)))
  const shine = smooth(5, 1, Math.abs(x - middle + half * 0.62)) * 0.5 + smooth(3, 0.5, Math.abs(x - middle - half * 0.8)) * 0.25
  colour = mix(colour, [255, 246, 232], shine * smooth(rim, rim + 20, y) * smooth(foot, foot - 24, y))
  const outline =
    smooth(2.4, 0.4, Math.abs(Math.abs(x - middle) - half + 1)) * 0.5 + smooth(2.2, 0.5, Math.abs(y - rim + bow)) * 0.65
  colour = mix(colour, [255, 238, 216], clamp(outline))
  return mix(behind, colour, inside)
}

function steamAt(x, y, t) {
  if (y > rim + 22 || Math.abs(x - middle) > 130) return 0
  const up = (rim + 22 - y) / 190
  const bend = 46 * up * (noise(y / 46 + t * 0.75, 3) - 0.5) + 30 * up * Math.sin(y / 38 + t * 1.3)
  const column = Math.exp(-(((x - middle - bend) / (24 + 46 * up)) ** 2))
  const wisp = noise((x - bend) / 17 + 5, y / 32 + t * 1.9) * 0.6 + noise((x - bend) / 8, y / 15 + t * 2.5) * 0.4
  return 0.62 * column * smooth(0.36, 0.78, wisp) * smooth(0, 0.12, up) * smooth(1.02, 0.35, up)
}
