/** Seconds that ffmpeg has come to, of a line of its progress that tells it. */
export function progressOf(line: string): number | undefined {
  const [name, value] = line.split('=')
  const micros = name === 'out_time_us' ? Number(value) : Number.NaN
  return micros >= 0 ? micros / 1_000_000 : undefined
}

/** Looks at ffmpeg's lines of progress for a step forward: pictures or time, since one may have to wait for the other. */
export function stepsForward(): (line: string) => boolean {
  const reached = new Map([
    ['out_time_us', 0],
    ['frame', 0],
  ])
  return (line) => {
    const [name = '', value] = line.split('=')
    const before = reached.get(name)
    if (before === undefined || !(Number(value) > before)) return false
    reached.set(name, Number(value))
    return true
  }
}
