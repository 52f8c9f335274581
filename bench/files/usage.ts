import { readFileSync, writeFileSync } from 'node:fs'

/** What a process of this machine has used, as Linux tells of any of them. */
export interface Usage {
  /** Seconds of processor time, of all its threads, in hundredths. */
  readonly cpu: number
  /** The most bytes that were resident since `forgetPeak`. */
  readonly peak: number
}

/** The kernel counts processor time in hundredths of a second, on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Whether processes can be looked at here. */
export const canLook = process.platform === 'linux'

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // the name of the program, in brackets, may have anything in it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user = Number.NaN, system = Number.NaN] = fields.slice(11, 13).map(Number)
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpu: (user + system) / ticksPerSecond, peak: Number(peak) * 1024 }
}

/** The peak counts from now on. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
