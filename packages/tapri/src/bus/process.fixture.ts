import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { type Heard, hearing } from './heard.fixture.ts'

export interface Command {
  readonly id: number
  readonly task: 'subscribe' | 'unsubscribe' | 'publish' | 'close'
  readonly topic: string
  readonly texts: readonly string[]
}

export type Said = { readonly done: number; readonly error?: string } | { readonly gap: true } | { topic: string; text: string }

/** A second process that has the bus open. */
export interface OtherProcess {
  readonly heard: Heard
  readonly gaps: Heard
  subscribe(topic: string): Promise<void>
  unsubscribe(topic: string): Promise<void>
  publish(topic: string, ...texts: readonly string[]): Promise<void>
  /** Closes its bus and waits until the process has ended by itself; answers its exit code. */
  close(): Promise<number | null>
  /** `kill -9`. */
  kill(): Promise<void>
}

export async function openProcess(test: TestContext, url: string): Promise<OtherProcess> {
  const child = fork(new URL('other.fixture.ts', import.meta.url), [url], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  test.after(() => child.kill('SIGKILL'))
  const [heard, gaps] = [hearing(), hearing()]
  const waiting = new Map<number, PromiseWithResolvers<void>>()
  let last = 0
  child.on('message', (said: Said) => {
    if ('gap' in said) gaps.hear('gap')
    else if ('topic' in said) heard.hear(`${said.topic} ${said.text}`)
    else if (said.error === undefined) waiting.get(said.done)?.resolve()
    else waiting.get(said.done)?.reject(new Error(said.error))
  })
  const ready = Promise.withResolvers<void>()
  waiting.set(0, ready)
  child.once('exit', () => ready.reject(new Error('the other process has ended')))
  await ready.promise
  const ask = (task: Command['task'], topic = '', texts: readonly string[] = []): Promise<void> => {
    const id = ++last
    const answer = Promise.withResolvers<void>()
    waiting.set(id, answer)
    child.send({ id, task, topic, texts } satisfies Command)
    return answer.promise
  }
  return {
    heard,
    gaps,
    subscribe: (topic) => ask('subscribe', topic),
    unsubscribe: (topic) => ask('unsubscribe', topic),
    publish: (topic, ...texts) => ask('publish', topic, texts),
    async close() {
      const ended = exitOf(child)
      void ask('close').catch(() => {})
      return ended
    },
    async kill() {
      const ended = exitOf(child)
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit')
  return code
}
