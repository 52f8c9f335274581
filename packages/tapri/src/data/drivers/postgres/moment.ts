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
  // the usual form, read without an expression: rows have many of these
  if (text.charCodeAt(4) === 45 && text.endsWith('+00')) return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
  const [, year = '', month = '', day = '', time = '', era] = /^(\d+)-(\d+)-(\d+) ([\d:.]+)\+00( BC)?$/.exec(text) ?? []
  const date = new Date(`2000-${month}-${day}T${time}Z`)
  // month and day again: 29 February is in 2000 and may not be in the year before it is set
  date.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  return date
}
