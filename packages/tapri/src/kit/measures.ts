import { errorTable } from './errors.ts'

const fail = errorTable({ TAPRI_KIT_DURATION: 500, TAPRI_KIT_SIZE: 500 })

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const sizes: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 }

/**
 * A duration in milliseconds: a number is taken as it is, a text is a number and one of ms s m h d w.
 * @throws TAPRI_KIT_DURATION when it is neither
 * @example milliseconds('15m') // 900_000
 */
export function milliseconds(duration: number | string): number {
  const value = measure(duration, durations)
  if (value === undefined) {
    throw fail('TAPRI_KIT_DURATION', `Cannot read the duration "${duration}": write a number and one of ms s m h d w, like "15m"`)
  }
  return value
}

/**
 * A size in bytes: a number is taken as it is, a text is a number and one of b kb mb gb tb (powers of 1,024).
 * @throws TAPRI_KIT_SIZE when it is neither
 * @example bytes('2gb') // 2_147_483_648
 */
export function bytes(size: number | string): number {
  const value = measure(size, sizes)
  if (value === undefined) {
    throw fail('TAPRI_KIT_SIZE', `Cannot read the size "${size}": write a number and one of b kb mb gb tb, like "20mb"`)
  }
  return Math.floor(value)
}

/** 1_572_864 as `1.5 MB`, for people. */
export function formatBytes(size: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = size
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`
}

function measure(text: number | string, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof text === 'number') return Number.isFinite(text) && text >= 0 ? text : undefined
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([a-z]{1,2})$/.exec(text.trim().toLowerCase())
  const unit = match === null ? undefined : units[match[2] ?? '']
  return unit === undefined ? undefined : Number(match?.[1]) * unit
}
