// Small shapes and colours for the sample clips: each pixel asks how far away a shape is.
export const width = 640
export const height = 360

export const mix = (from, to, share) => from.map((value, index) => value + (to[index] - value) * share)
export const clamp = (value) => Math.min(1, Math.max(0, value))
export const smooth = (from, to, value) => {
  const share = clamp((value - from) / (to - from))
  return share * share * (3 - 2 * share)
}

/** A colour from stops `[position, [r, g, b]]`, smooth in between. */
export function gradient(stops, at) {
  const next = stops.findIndex(([position]) => position >= at)
  if (next <= 0) return stops[next === 0 ? 0 : stops.length - 1][1]
  const [from, start] = stops[next - 1]
  const [to, end] = stops[next]
  return mix(start, end, smooth(from, to, at))
}

const hash = (x, y) => {
  const value = Math.sin(x * 127.1 + y * 311.7) * 43758.5453
  return value - Math.floor(value)
}

/** Soft noise from 0 to 1. */
export function noise(x, y) {
  const left = Math.floor(x)
  const top = Math.floor(y)
  const [u, v] = [smooth(0, 1, x - left), smooth(0, 1, y - top)]
  const upper = hash(left, top) * (1 - u) + hash(left + 1, top) * u
  const lower = hash(left, top + 1) * (1 - u) + hash(left + 1, top + 1) * u
  return upper * (1 - v) + lower * v
}

/** How far a point is from a line between two others. */
export function lineDistance(x, y, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay]
  const along = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))
  return Math.hypot(x - ax - dx * along, y - ay - dy * along)
}
