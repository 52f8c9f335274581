/** The first moment that a timestamptz can hold: 4714-11-24 BC. */
const earliest = Date.UTC(-4713, 10, 24)

/** A moment as PostgreSQL reads it, exactly; its years have no zero and no sign. */
export function writeMoment(milliseconds: number): string {
  const text = new Date(milliseconds).toISOString()
  if (milliseconds < earliest) return '-infinity'
  if (!text.startsWith('-') && !text.startsWith('+') && !text.startsWith('0000')) return text
  const [, year = '', rest = ''] = /^([+-]?\d+)(-.*)$/.exec(text) ?? []
  const number = Number(year)
  return number > 0 ? `${number}${rest}` : `${String(1 - number).padStart(4, '0')}${rest} BC`
}

/** Whether a moment fits into a column. */
export function isMoment(milliseconds: number): boolean {
  return milliseconds >= earliest
}

/** Reads `2026-11-21 09:30:00.123+00`; the connection's time zone is UTC. */
export function readMoment(text: string): Date {
  // the usual form, read digit by digit: rows have many of these, and Date takes ten times as long for a text
  const usual = readUsual(text)
  if (usual !== undefined) return new Date(usual)
  const [, year = '', month = '', day = '', time = '', era] = /^(\d+)-(\d+)-(\d+) ([\d:.]+)\+00( BC)?$/.exec(text) ?? []
  const date = new Date(`2000-${month}-${day}T${time}Z`)
  // month and day again: 29 February is in 2000 and may not be in the year before it is set
  date.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  return date
}

/** Of four digits of year, and no era. Years below 100 would be taken for those of the last century. */
function readUsual(text: string): number | undefined {
  const end = text.length - 3
  if (end < 19 || end > 23 || text.charCodeAt(4) !== 45 || !text.endsWith('+00')) return undefined
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  if (year < 100) return undefined
  // the server leaves out zeros at the end of a fraction
  let milliseconds = 0
  for (let at = 20, worth = 100; at < end; at++, worth /= 10) milliseconds += (text.charCodeAt(at) - 48) * worth
  const midnight = Date.UTC(year, twoDigits(text, 5) - 1, twoDigits(text, 8))
  return midnight + twoDigits(text, 11) * 3_600_000 + twoDigits(text, 14) * 60_000 + twoDigits(text, 17) * 1000 + milliseconds
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
}
