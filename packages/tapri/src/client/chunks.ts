import type { Clock } from '../kit/clock.ts'

/** How long a body may be silent before its connection is taken for dead. */
export interface Silence {
  readonly clock: Clock
  readonly longest: number
}

/** The parts of a body as they come. Whoever stops early lets go of the connection; a silence ends it as its sender would. */
export async function* chunksOf(body: ReadableStream<Uint8Array>, silence?: Silence): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const hangUp = () => void reader.cancel().catch(() => {})
  try {
    for (;;) {
      const cancel = silence?.clock.after(silence.longest, hangUp)
      const { done, value } = await reader.read().finally(cancel)
      if (done) return
      yield value
    }
  } finally {
    hangUp()
  }
}

/** The lines of a text as they come, each when its end is there; the last one needs none. */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let open = ''
  let mayBeHalf = false
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true })
    open += text
    if (!mayBeHalf && !/[\r\n]/.test(text)) continue
    // a CR at the end may be the first half of CR LF
    const lines = open.split(/\r\n|\n|\r(?!$)/)
    open = lines.pop() ?? ''
    mayBeHalf = open.endsWith('\r')
    yield* lines
  }
  if (open !== '') yield open.replace(/\r$/, '')
}
