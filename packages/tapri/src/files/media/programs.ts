import type { Readable } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { begin, failed } from './child.ts'

/** The programs that look at films and make them ready: names that are found in PATH, or paths. */
export interface Programs {
  readonly ffmpeg: string
  readonly ffprobe: string
}

export interface RunOptions {
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without a step forward after which it is given up. */
  readonly idle: number
  /** Milliseconds after which it is given up in any case. */
  readonly most?: number
  /** Takes the lines as they come, and answers whether they show a step forward; what comes is kept and answered where it is
   * not told, and all of it is a step forward then. */
  readonly onLine?: (line: string) => boolean
}

export interface PipeOptions {
  readonly signal?: AbortSignal | undefined
  readonly input: Readable
  /** Takes the output; what it throws ends the program. */
  readonly take: (output: Readable) => Promise<void>
}

/** Bytes of what a program says that are kept; a probe of a hostile file may say a lot. */
const mostSaid = 1024 * 1024
const mostLine = 4000

/**
 * Runs a program to its end: never through a shell, without the environment of this process, behind everybody else's work.
 * @throws TAPRI_FILES_NO_FFMPEG when it is not installed, TAPRI_FILES_FILM when it fails, stands still or takes too long,
 * TAPRI_FILES_INTERRUPTED when it was ended from outside
 */
export async function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { clock, idle, most, signal } = options
  const child = begin(program, args, { signal, input: false })
  let said = ''
  let rest = ''
  const stalled = Promise.withResolvers<never>()
  let stopWatching = () => {}
  const watch = () => {
    stopWatching()
    stopWatching = clock.after(idle, () =>
      stalled.reject(failed(program, `it stood still for ${Math.round(idle / 1000)} seconds`)),
    )
  }
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    if (options.onLine === undefined) {
      watch()
      said += text
      if (said.length > mostSaid) stalled.reject(failed(program, 'it says more than a film has to tell'))
      return
    }
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(-mostLine)
    for (const line of lines) if (options.onLine(line)) watch()
  })
  watch()
  const tooLong = () => stalled.reject(failed(program, 'it took far longer than a film of that length may'))
  const stopCounting = most === undefined ? () => {} : clock.after(most, tooLong)
  try {
    await Promise.race([child.ended, stalled.promise])
    return said
  } finally {
    stopWatching()
    stopCounting()
    await child.kill()
  }
}

/** Runs a program that makes something of a stream while it comes; ends when all that it gives was taken.
 * @throws TAPRI_FILES_NO_FFMPEG, TAPRI_FILES_FILM, TAPRI_FILES_INTERRUPTED, what the input and `take` threw */
export async function pipeProgram(program: string, args: readonly string[], { input, take, signal }: PipeOptions): Promise<void> {
  const child = begin(program, args, { signal, input: true })
  const broken = Promise.withResolvers<never>()
  input.on('error', broken.reject)
  // a program that has ended takes no more; how it ended tells why
  child.stdin.on('error', () => input.unpipe(child.stdin))
  input.pipe(child.stdin)
  try {
    await Promise.race([Promise.all([child.ended, take(child.stdout)]), broken.promise])
  } finally {
    input.unpipe(child.stdin)
    input.off('error', broken.reject)
    await child.kill()
  }
}

/** Whether there is such a program. */
export async function hasProgram(program: string, clock: Clock): Promise<boolean> {
  try {
    await runProgram(program, ['-version'], { clock, idle: 10_000 })
    return true
  } catch (error) {
    if (error instanceof TapriError && error.code === 'TAPRI_FILES_NO_FFMPEG') return false
    throw error
  }
}
