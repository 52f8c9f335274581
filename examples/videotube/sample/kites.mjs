import { clamp, gradient, lineDistance, mix, noise, smooth } from './paint.mjs'

const sky = [
  [0, [46, 44, 92]],
  [0.3, [122, 74, 120]],
  [0.6, [228, 122, 92]],
  [0.85, [250, 188, 110]],
  [1, [255, 222, 160]],
]
const sun = [400, 205]
const horizon = 232

const kites = [
  {
    at: [210, 110],
    sway: [34, 20],
    pace: 1.1,
    size: 25,
    colours: [
      [250, 204, 90],
      [214, 84, 50],
    ],
    hand: [92, 330],
  },
  {
    at: [340, 78],
    sway: [26, 16],
    pace: 0.9,
    size: 19,
    colours: [
      [240, 240, 226],
      [64, 128, 138],
    ],
    hand: [120, 334],
  },
  {
    at: [510, 96],
    sway: [30, 22],
    pace: 1.25,
    size: 22,
    colours: [
      [236, 112, 100],
      [122, 42, 84],
    ],
    hand: [600, 342],
  },
]

const place = (kite, t) => [
  kite.at[0] + kite.sway[0] * Math.sin(t * kite.pace) + 8 * Math.sin(t * 2.3),
  kite.at[1] + kite.sway[1] * Math.sin(t * kite.pace * 1.6 + 1),
]

/** Three kites, a setting sun, a bay. */
export function kitesScene(t) {
  const flying = kites.map((kite) => {
    const tail = Array.from({ length: 11 }, (_, knot) => {
      const [x, y] = place(kite, t - knot * 0.07)
      return [x + 5 * Math.sin(t * 4 - knot * 0.7), y + kite.size + knot * 6.5]
    })
    return { ...kite, now: place(kite, t), lean: 0.25 * Math.cos(t * kite.pace), tail }
  })
  return (x, y) => {
    let colour = y < horizon ? skyAt(x, y, t) : seaAt(x, y, t)
    const far = 214 + 20 * noise(x / 90 + 3, 0.5) - 34 * smooth(300, 0, x)
    if (y < horizon) colour = mix(colour, [136, 78, 104], smooth(-1, 1, y - far) * 0.9)
    const near = 318 + 14 * Math.sin(x / 75 + 1) + 5 * noise(x / 16, 2) + 40 * smooth(130, 330, x) * smooth(560, 350, x)
    colour = mix(colour, [44, 30, 50], smooth(-1, 1, y - near))
    for (const kite of flying) colour = drawKite(kite, x, y, colour)
    return colour
  }
}

function skyAt(x, y, t) {
  const away = Math.hypot(x - sun[0], y - sun[1])
  let colour = gradient(sky, y / horizon)
  const cloud = smooth(0.52, 0.8, noise(x / 130 - t * 0.12, y / 22) * 0.65 + noise(x / 48 - t * 0.2, y / 11) * 0.35)
  colour = mix(colour, [255, 196, 150], cloud * 0.55 * smooth(20, 120, y))
  colour = mix(colour, [255, 226, 170], 0.75 * Math.exp(-away / 70))
  return mix(colour, [255, 248, 222], smooth(31, 29, away))
}

function seaAt(x, y, t) {
  const depth = (y - horizon) / 128
  const ripple = noise(x / (10 + depth * 46), (y - horizon) / (1.5 + depth * 5) - t * 1.4)
  const path = Math.exp(-(((x - sun[0]) / (34 + depth * 100)) ** 2))
  const water = mix([196, 112, 104], [52, 48, 88], smooth(0, 1, depth))
  return mix(water, [255, 224, 166], clamp(path * smooth(0.4, 0.75, ripple) * 0.95 + 0.12 * smooth(0.6, 0.9, ripple)))
}

function drawKite({ now, lean, size, colours, tail, hand }, x, y, below) {
  let colour = mix(below, [255, 240, 220], 0.4 * smooth(1, 0.2, lineDistance(x, y, now, hand)))
  for (const [knot, [tx, ty]] of tail.entries()) {
    if (Math.abs(x - tx) < 6 && Math.abs(y - ty) < 6) {
      colour = mix(colour, colours[knot % 2], smooth(3.6, 2.4, Math.hypot((x - tx) * 0.7, (y - ty) * 1.25)))
    }
  }
  if (Math.hypot(x - now[0], y - now[1]) > size * 2) return colour
  const [dx, dy] = [x - now[0], y - now[1]]
  const across = dx * Math.cos(lean) + dy * Math.sin(lean)
  const down = dy * Math.cos(lean) - dx * Math.sin(lean)
  const edge = Math.abs(across) / (size * 0.72) + Math.abs(down) / (down < 0 ? size * 0.8 : size * 1.3)
  const half = colours[across * (down < 0 ? 1 : -1) > 0 ? 0 : 1]
  const spar = smooth(1.1, 0.5, Math.min(Math.abs(across), Math.abs(down))) * 0.35
  return mix(colour, mix(half, [70, 34, 40], spar), smooth(1.04, 0.97, edge))
}
