import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Runs a program to its end as an unprivileged user; its words are the error when it fails. */
export async function runToEnd(program: string, args: readonly string[], { cwd, input = '' }: RunOptions): Promise<void> {
  const child = spawnUnprivileged(program, args, cwd)
  const tail = tailOf(child)
  // a program that ends without having read has told why
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const [code, signal] = await once(child, 'close')
  if (code !== 0) throw new Error(`Cannot run ${program}: it ended with ${code ?? signal}. Its words:\n${tail()}`)
}

interface RunOptions {
  readonly cwd: string
  readonly input?: string
}

/** Starts a program that ends when this process does, however this process ends. */
export function spawnUnprivileged(program: string, args: readonly string[], cwd: string): ChildProcess {
  const guard = process.platform === 'linux' ? findProgram('setpriv') : undefined
  const [command, ...rest] = guard === undefined ? [program, ...args] : [guard, '--pdeathsig', 'KILL', program, ...args]
  return spawn(command ?? program, rest, {
    cwd,
    ...unprivileged(),
    // of the environment only what programs need: a PGDATA or a MYSQL_HOME of this user must not be found
    env: { PATH: process.env.PATH ?? '', HOME: cwd, LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** The last words of a program. */
export function tailOf(child: ChildProcess, onText: (text: string) => void = () => {}): () => string {
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      tail = (tail + chunk).slice(-4000)
      onText(tail)
    })
  }
  return () => tail.trim()
}

/** Gives a folder to the user that servers run as. */
export function giveAway(folder: string): void {
  const user = unprivileged()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
}

let nobody: { readonly uid: number; readonly gid: number } | undefined

/** Database servers refuse to run as root, and rightly so. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  nobody ??= { uid: idOf('-u'), gid: idOf('-g') }
  return nobody
}

function idOf(option: string): number {
  return Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }))
}

/** The first program of this name in PATH, and where Debian keeps those of the administrator. */
export function findProgram(name: string): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].map((folder) => join(folder, name)).find(isProgram)
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // not there, or not for us: the same to whoever looks for it
    return false
  }
}

/** The version that a program tells of itself, like `10.11.6`; `undefined` when it does not run. */
export function versionOf(program: string): string | undefined {
  try {
    return /\d+\.\d+(?:\.\d+)?/.exec(wordsOf(program))?.[0]
  } catch {
    // made for another machine, or cut short
    return undefined
  }
}

/** What a program says when it is asked for its version. */
export function wordsOf(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}
