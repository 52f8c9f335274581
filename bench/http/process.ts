import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** A child process on one core that answers each message with one message. */
export class Worker {
  readonly first: Promise<Record<string, any>>
  readonly #child: ChildProcess

  constructor(file: string, core: number) {
    const script = fileURLToPath(new URL(file, import.meta.url))
    const args = ['--disable-warning=ExperimentalWarning', script]
    const [command, ...rest] = canPin ? ['taskset', '-c', String(core), process.execPath, ...args] : [process.execPath, ...args]
    this.#child = spawn(command ?? '', rest, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    this.first = this.#next()
  }

  ask(message: object): Promise<Record<string, any>> {
    const answer = this.#next()
    this.#child.send(message)
    return answer
  }

  stop(): void {
    this.#child.kill()
  }

  #next(): Promise<Record<string, any>> {
    return new Promise((resolve, reject) => {
      const child = this.#child
      const fail = (reason: unknown) => reject(new Error(`Cannot go on: a benchmark process ended with ${reason}`))
      child.once('message', (message) => {
        child.off('exit', fail).off('error', fail)
        resolve(Object(message))
      })
      child.once('exit', fail).once('error', fail)
    })
  }
}

/** Whether processes can be kept on a core of their own. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
