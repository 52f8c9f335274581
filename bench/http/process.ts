import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** What a child may take of the machine, and what it is told. */
export interface WorkerOptions {
  /** As `taskset` writes them: `0`, `0,1`. */
  readonly cores: string
  /** The program and what comes before the script. */
  readonly command: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Milliseconds in which a child must answer. */
const patience = 60_000

/** A child process on cores of its own that answers each message with one message. */
export class Worker {
  /** What it says by itself: that it is ready. */
  readonly first: Promise<object>
  readonly #child: ChildProcess

  constructor(file: string, { cores, command, args = [], env = {} }: WorkerOptions) {
    const script = fileURLToPath(new URL(file, import.meta.url))
    const pinned = canPin ? ['taskset', '-c', cores] : []
    const [program = '', ...rest] = [...pinned, ...command, script, ...args]
    this.#child = spawn(program, rest, {
      // what a server writes of its own accord is not to be read; what breaks it is
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env, NODE_ENV: 'production' },
    })
    this.first = this.#next()
    // told to whoever waits for it; until then it is nobody's
    this.first.catch(() => undefined)
  }

  ask(message: object): Promise<object> {
    const answer = this.#next()
    this.#child.send(message)
    return answer
  }

  /** Ends it, and waits until its memory and its port are free. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }

  #next(): Promise<object> {
    return new Promise((resolve, reject) => {
      const child = this.#child
      const settle = (how: () => void) => {
        clearTimeout(late)
        child.off('message', take).off('exit', fail).off('error', fail)
        how()
      }
      const take = (message: unknown) => settle(() => resolve(Object(message)))
      const fail = (why: unknown) => settle(() => reject(new Error(`Cannot go on: a benchmark process ended with ${why}`)))
      const late = setTimeout(fail, patience, `nothing said for ${patience / 1000} seconds`)
      child.on('message', take).on('exit', fail).on('error', fail)
    })
  }
}

/** Whether processes can be kept on a core of their own. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
