// A process that plays the browsers: it sends and fetches what it is asked to, and says how that went.
import { randomFillSync } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, Connection } from './connection.ts'

export interface Place {
  readonly port: number
  readonly path: string
}

export type Job =
  | (Place & { readonly do: 'form'; readonly field: string; readonly size: number })
  | (Place & { readonly do: 'tus'; readonly metadata: string; readonly size: number })
  | (Place & { readonly do: 'whole'; readonly times: number })
  | (Place & Ranges & { readonly do: 'ranges'; readonly milliseconds: number })
  | (Place & Ranges & { readonly do: 'paced'; readonly turns: number })

export interface Ranges {
  /** Of the file. */
  readonly size: number
  /** Of each range. */
  readonly length: number
  readonly connections: number
}

export interface Done {
  readonly seconds: number
  /** Of bodies that were sent, or came. */
  readonly bytes: number
  readonly answers: number
  /** Answers that came after the next was to be asked for. */
  readonly late: number
  /** How the last answer begins. */
  readonly words: string
}

const megabyte = randomFillSync(Buffer.allocUnsafe(1024 * 1024))
/** Milliseconds between two ranges of a paced reader. */
const pace = 1000

process.on('message', async (job: Job) => {
  const begun = performance.now()
  try {
    const done = await run(job)
    process.send?.({ late: 0, words: '', ...done, seconds: (performance.now() - begun) / 1000 })
  } catch (cause) {
    process.send?.({ error: String(cause) })
  }
})
process.on('disconnect', () => process.exit())
process.send?.({ isReady: true })

type Result = Pick<Done, 'bytes' | 'answers'> & Partial<Done>

function run(job: Job): Promise<Result> {
  if (job.do === 'form') return sendForm(job)
  if (job.do === 'tus') return sendByTus(job)
  if (job.do === 'whole') return fetchWhole(job)
  return job.do === 'ranges' ? fetchRanges(job) : fetchPaced(job)
}

async function sendForm({ port, path, field, size }: Job & { do: 'form' }): Promise<Result> {
  const boundary = '----benchmark7MA4YWxkTrZu0gW'
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="film.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const length = head.length + size + tail.length
  const lines = [`POST ${path} HTTP/1.1`, `Content-Type: multipart/form-data; boundary=${boundary}`, `Content-Length: ${length}`]
  const answer = await connected(port, (connection) => connection.ask(lines, [head, ...pieces(size), tail]))
  return { bytes: size, answers: 1, words: required(answer, 200).words }
}

async function sendByTus({ port, path, metadata, size }: Job & { do: 'tus' }): Promise<Result> {
  return connected(port, async (connection) => {
    const tus = 'Tus-Resumable: 1.0.0'
    const creation = [`POST ${path} HTTP/1.1`, tus, `Upload-Length: ${size}`, `Upload-Metadata: ${metadata}`, 'Content-Length: 0']
    const { head } = required(await connection.ask(creation), 201)
    const location = /\r\nlocation: *(\S+)/i.exec(head)?.[1] ?? ''
    const { pathname } = new URL(location, `http://127.0.0.1:${port}`)
    const type = 'Content-Type: application/offset+octet-stream'
    const lines = [`PATCH ${pathname} HTTP/1.1`, tus, type, 'Upload-Offset: 0', `Content-Length: ${size}`]
    required(await connection.ask(lines, pieces(size)), 204)
    return { bytes: size, answers: 1, words: pathname }
  })
}

async function fetchWhole({ port, path, times }: Job & { do: 'whole' }): Promise<Result> {
  return connected(port, async (connection) => {
    let bytes = 0
    for (let turn = 0; turn < times; turn++) bytes += required(await connection.ask([`GET ${path} HTTP/1.1`]), 200).size
    return { bytes, answers: times }
  })
}

async function fetchRanges(job: Job & { do: 'ranges' }): Promise<Result> {
  const until = performance.now() + job.milliseconds
  return crowd(job, async (ask) => {
    let answers = 0
    for (; performance.now() < until; answers++) await ask()
    return { answers, late: 0 }
  })
}

/** Everybody asks for a range once in a `pace`, as players do; they begin spread over one. */
async function fetchPaced(job: Job & { do: 'paced' }): Promise<Result> {
  const begun = performance.now()
  return crowd(job, async (ask, index) => {
    let late = 0
    for (let turn = 0; turn < job.turns; turn++) {
      const due = begun + pace * (turn + index / job.connections)
      await pause(Math.max(0, due - performance.now()))
      await ask()
      if (performance.now() > due + pace) late++
    }
    return { answers: job.turns, late }
  })
}

/** Connections that each read random ranges until they have enough. */
async function crowd(
  { port, path, size, length, connections }: Place & Ranges,
  read: (ask: () => Promise<Answer>, index: number) => Promise<{ answers: number; late: number }>,
): Promise<Result> {
  const all = Array.from({ length: connections }, () => new Connection(port))
  try {
    const found = await Promise.all(
      all.map((connection, index) =>
        read(async () => {
          const start = Math.floor((Math.random() * (size - length)) / 4096) * 4096
          const lines = [`GET ${path} HTTP/1.1`, `Range: bytes=${start}-${start + length - 1}`]
          return required(await connection.ask(lines), 206)
        }, index),
      ),
    )
    const sum = (of: (each: { answers: number; late: number }) => number) => found.reduce((total, each) => total + of(each), 0)
    const answers = sum((each) => each.answers)
    return { answers, bytes: answers * length, late: found.filter(({ late }) => late > 0).length }
  } finally {
    for (const connection of all) connection.close()
  }
}

async function connected<T>(port: number, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = new Connection(port)
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}

function* pieces(size: number): Iterable<Uint8Array> {
  for (let left = size; left > 0; left -= megabyte.length) yield left < megabyte.length ? megabyte.subarray(0, left) : megabyte
}

function required(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.head}\n${answer.words}`)
  return answer
}
