import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { filesError } from '../errors.ts'

/** Characters of what a program complains of that are kept, the last. */
const mostComplained = 4000
const isFull = /No space left on device|Disk quota exceeded/
/** Milliseconds that a program which was killed may take to go. */
const longestGoing = 2000
/** With the kernel's help a program ends with the process that began it, also when that one is killed. */
const setpriv = '/usr/bin/setpriv'

/** A program that runs. */
export interface Child {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Rejects when it fails or is ended by the signal. */
  readonly ended: Promise<void>
  /** Resolves when it is gone. */
  kill(): Promise<void>
}

/**
 * Begins a program: never through a shell, without the environment of this process, behind everybody else's work.
 * @throws TAPRI_FILES_INTERRUPTED when the machine can begin none
 */
export function begin(
  program: string,
  args: readonly string[],
  options: { signal: AbortSignal | undefined; input: boolean },
): Child {
  options.signal?.throwIfAborted()
  const isGuarded = existsSync(setpriv)
  const [command, all] = isGuarded ? [setpriv, ['--pdeathsig', 'KILL', '--', program, ...args]] : [program, [...args]]
  const child = spawn(command, all, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '' } })
  const ended = Promise.withResolvers<void>()
  // whoever waits hears of it; a failure before that must not count as unhandled
  ended.promise.catch(() => {})
  child.on('error', (cause) => ended.reject(isMissing(cause) ? missing(program) : cause))
  requirePipes(child, program)
  // a program that has ended takes no more; how it ended tells why
  child.stdin.on('error', () => {})
  child.stdout.on('error', ended.reject)
  child.stderr.on('error', ended.reject)
  if (!options.input) child.stdin.end()
  let complained = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    complained = (complained + text).slice(-mostComplained)
  })
  const stop = () => ended.reject(options.signal?.reason)
  options.signal?.addEventListener('abort', stop)
  child.on('close', (code, killed) => {
    options.signal?.removeEventListener('abort', stop)
    if (code === 0) ended.resolve()
    // what setpriv answers when there is no such program
    else if (isGuarded && code === 127) ended.reject(missing(program))
    else if (killed !== null) ended.reject(interrupted(program, `it was ended by ${killed}`, complained))
    // what ffmpeg answers when it is asked to end, as a whole group of processes is when an app stops
    else if (code === 255) ended.reject(interrupted(program, 'it was asked to end', complained))
    else if (isFull.test(complained)) ended.reject(interrupted(program, 'the disk is full', complained))
    else ended.reject(failed(program, `it ended with ${code}`, complained))
  })
  child.on('spawn', () => lower(child.pid))
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const kill = async () => {
    options.signal?.removeEventListener('abort', stop)
    child.kill('SIGKILL')
    child.stdout.destroy()
    // what could not begin does not end; and nobody waits long for what the system does not end, or does not tell of
    if (child.pid !== undefined) await Promise.race([gone, setTimeout(longestGoing, undefined, { ref: false })])
  }
  return { stdin: child.stdin, stdout: child.stdout, ended: ended.promise, kill }
}

/** Out of file handles Node answers a child without its pipes, which its types do not know. */
function requirePipes(child: Partial<ChildProcess>, program: string): void {
  if (child.stdin === undefined) throw interrupted(program, 'this process or its system has no file handle left (see ulimit -n)')
}

/** Requests are answered first: a film can wait. */
function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, 10)
  } catch {
    // it has ended already, or the system has no priorities
  }
}

function isMissing(cause: Error): boolean {
  return 'code' in cause && cause.code === 'ENOENT'
}

function missing(program: string) {
  return filesError(
    'TAPRI_FILES_NO_FFMPEG',
    `Cannot run "${program}": it is not installed; install it with: apt-get install ffmpeg (or brew, winget)`,
  )
}

/** What is wrong with the film, as far as one can know. */
export function failed(program: string, why: string, complained = '') {
  return filesError('TAPRI_FILES_FILM', `Cannot make the film ready: ${program} failed, ${why}`, said(complained))
}

/** What is wrong with the machine, or was done to the program: it may go well another time. */
function interrupted(program: string, why: string, complained = '') {
  return filesError('TAPRI_FILES_INTERRUPTED', `Cannot go on with ${program}: ${why}`, said(complained))
}

/** It names paths of this machine, so it is for the log alone. */
function said(complained: string): { readonly cause?: Error } {
  const trimmed = complained.trim()
  return trimmed === '' ? {} : { cause: new Error(trimmed) }
}
