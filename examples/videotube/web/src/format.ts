const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const steps = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** @example count(1200, 'view') // '1.2K views' */
export function count(amount: number, noun: string): string {
  return `${compact.format(amount)} ${noun}${amount === 1 ? '' : 's'}`
}

/** @example ago(yesterday) // 'yesterday' */
export function ago(at: Date): string {
  const seconds = (at.getTime() - Date.now()) / 1000
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit)
  }
  return 'just now'
}

/** @example bytes(1_400_000) // '1.4 MB' */
export function bytes(size: number): string {
  const unit = Math.min(4, Math.floor(Math.log10(Math.max(size, 1)) / 3))
  const value = size / 1000 ** unit
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][unit]}`
}

/** @example clock(75) // '1:15' */
export function clock(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)]
  const hours = Math.floor(minutes / 60)
  const tail = `${String(minutes % 60).padStart(hours ? 2 : 1, '0')}:${String(rest).padStart(2, '0')}`
  return hours ? `${hours}:${tail}` : tail
}
