// A client of the live protocol written from docs/protocol.md alone: it uses nothing of this project.
import { EventSource } from 'eventsource'
import { WebSocket } from 'ws'

type Json = any

export interface PlainClient {
  /** Follows an answer; the number names it. */
  subscribe(route: string, input: object): number
  unsubscribe(id: number): void
  value(id: number): Json
  /** Why a subscription ended, by its code. */
  ended(id: number): string | undefined
  call(method: string, path: string, body?: object): Promise<Json>
  /** Comes into a channel, and again after a cut; answers the messages that were heard. */
  join(channel: string, params: object): Json[]
  /** Says something in the channel whose messages these are; resolves when it is kept. */
  say(messages: Json[], message: object): Promise<void>
  /** Resolves once everything up to the token, or of now, was received. */
  settled(at?: string): Promise<void>
  /** Cuts the line; another one is opened. */
  cut(): Promise<void>
  close(): void
}

interface Held {
  route: string
  input: object
  topic?: number
  etag?: string
  value?: Json
  pieces: string[]
  ended?: string
}

interface Joined {
  id: number
  channel: string
  params: object
  messages: Json[]
  topic?: number
  epoch?: string
  /** What was not acknowledged, one after another. */
  unsent: { key: string; message: object; done: () => void }[]
}

interface Wire {
  send(frame: object): void
  close(): void
}

export async function openPlain(api: string, kind: 'websocket' | 'events'): Promise<PlainClient> {
  const held = new Map<number, Held>()
  const joined: Joined[] = []
  const results = new Map<number, (frame: Json) => void>()
  const pongs: (() => void)[] = []
  let last = 0
  let wire = await open()

  function open(): Promise<Wire> {
    return kind === 'websocket' ? openSocket(api, take) : openEvents(api, take)
  }

  function ask(id: number, { route, input, etag }: Held): void {
    wire.send({ type: 'subscribe', id, route, input, etag })
  }

  function take(frame: Json): void {
    const own = held.get(frame.id)
    if (frame.type === 'ping') wire.send({ type: 'pong' })
    else if (frame.type === 'pong') pongs.shift()?.()
    else if (frame.type === 'result') results.get(frame.id)?.(frame)
    else if (frame.type === 'patch') patch(frame.changes)
    else if (hear(frame)) return
    else if (own === undefined) return
    else if (frame.type === 'error') own.ended = frame.problem.code
    else if (frame.type === 'piece') own.pieces = frame.n === 0 ? [frame.text] : [...own.pieces, frame.text]
    else if (frame.type === 'current') {
      own.topic = frame.topic
      for (const change of frame.changes ?? []) apply(own, change)
    } else if (frame.type === 'snapshot') {
      own.value = frame.pieces === undefined ? frame.value : JSON.parse(own.pieces.join(''))
      own.topic = frame.topic
      own.etag = frame.etag
    }
  }

  function enter(place: Joined): void {
    const { channel, params, messages, epoch } = place
    place.id = ++last
    delete place.topic
    const number = messages.at(-1)?.number
    wire.send({ type: 'join', id: place.id, channel, params, ...(number !== undefined && { since: `${epoch}.${number}` }) })
  }

  /** Says the first of those that were not acknowledged. */
  function speak({ id, topic, unsent: [first] }: Joined): void {
    if (topic !== undefined && first !== undefined) wire.send({ type: 'send', id, key: first.key, message: first.message })
  }

  function hear(frame: Json): boolean {
    const place = joined.find(({ id, topic }) => (frame.topic === undefined ? id === frame.id : topic === frame.topic))
    if (frame.type === 'joined') {
      const entered = joined.find(({ id }) => id === frame.id)
      if (entered === undefined) return false
      entered.topic = frame.topic
      entered.epoch = frame.epoch
      speak(entered)
    } else if (place === undefined) return false
    else if (frame.type === 'message' && frame.number > (place.messages.at(-1)?.number ?? 0)) {
      place.messages.push({ number: frame.number, from: frame.from, at: read(frame.at), body: read(frame.body) })
    } else if (frame.type === 'sent' && frame.key === place.unsent[0]?.key) {
      if (frame.problem !== undefined) throw new Error(frame.problem.code)
      place.unsent.shift()?.done()
      speak(place)
    }
    return ['joined', 'message', 'sent', 'members', 'signal'].includes(frame.type)
  }

  function patch(changes: Json[]): void {
    for (const change of changes) {
      for (const [id, each] of held) {
        if (each.topic !== change.topic || each.etag === change.etag) continue
        if (each.etag === change.from) apply(each, change)
        else {
          held.delete(id)
          wire.send({ type: 'unsubscribe', id })
          throw new Error(`subscription ${id} holds ${each.etag}, the change is from ${change.from}`)
        }
      }
    }
  }

  return {
    subscribe(route, input) {
      const id = ++last
      const each: Held = { route, input, pieces: [] }
      held.set(id, each)
      ask(id, each)
      return id
    },
    unsubscribe(id) {
      held.delete(id)
      wire.send({ type: 'unsubscribe', id })
    },
    value: (id) => read(held.get(id)?.value),
    ended: (id) => held.get(id)?.ended,
    call(method, path, body) {
      const id = ++last
      wire.send({ type: 'call', id, method, path, body })
      return new Promise((resolve) => results.set(id, resolve))
    },
    join(channel, params) {
      const place: Joined = { id: 0, channel, params, messages: [], unsent: [] }
      joined.push(place)
      enter(place)
      return place.messages
    },
    say(messages, message) {
      return new Promise((done) => {
        const place = joined.find((each) => each.messages === messages)
        place?.unsent.push({ key: `${Math.random()}`, message: written(message), done })
        if (place?.unsent.length === 1) speak(place)
      })
    },
    settled(at) {
      wire.send({ type: 'ping', at })
      return new Promise((resolve) => pongs.push(resolve))
    },
    async cut() {
      wire.close()
      wire = await open()
      for (const [id, each] of [...held]) {
        held.delete(id)
        delete each.topic
        held.set(id, each)
        ask(id, each)
      }
      for (const place of joined) enter(place)
    },
    close: () => wire.close(),
  }
}

async function openSocket(api: string, take: (frame: Json) => void): Promise<Wire> {
  const socket = new WebSocket(`${api.replace('http', 'ws')}/live`, 'tapri.v1')
  await new Promise((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  let isClosed = false
  socket.on('message', (data) => !isClosed && take(JSON.parse(String(data))))
  const send = (frame: object) => socket.send(JSON.stringify(frame))
  send({ type: 'hello' })
  return {
    send,
    close() {
      isClosed = true
      socket.terminate()
    },
  }
}

async function openEvents(api: string, take: (frame: Json) => void): Promise<Wire> {
  const events = new EventSource(`${api}/live/events`)
  let sending: Promise<unknown> = Promise.resolve()
  const line = await new Promise<string>((resolve, reject) => {
    let isFirst = true
    events.onerror = reject
    events.onmessage = ({ data }) => {
      const frame = JSON.parse(data)
      if (isFirst) resolve(frame.id)
      else take(frame)
      isFirst = false
    }
  })
  const send = (frame: object) => {
    const body = JSON.stringify(frame)
    sending = sending.then(() => fetch(`${api}/live/frames?line=${line}`, { method: 'POST', body }))
  }
  send({ type: 'hello' })
  return { send, close: () => events.close() }
}

function apply(held: Held, { ops, etag }: Json): void {
  held.value = changed(held.value, ops)
  held.etag = etag
}

function changed(value: Json, ops: Json): Json {
  if ('set' in ops) return ops.set
  if ('keys' in ops) {
    const next = { ...value }
    for (const key of ops.drop) delete next[key]
    for (const [key, inner] of ops.keys) next[key] = changed(next[key], inner)
    return next
  }
  if ('items' in ops) {
    const next = [...value.slice(0, ops.length), ...ops.tail]
    for (const [index, inner] of ops.items) next[index] = changed(next[index], inner)
    return next
  }
  const rows = new Map<string, Json>(value.map((row: Json) => [row.id, row]))
  for (const id of ops.gone) rows.delete(id)
  for (const [id, inner] of ops.rows) rows.set(id, changed(rows.get(id), inner))
  const put: [number, Json][] = ops.put.map(([index, row]: [number, Json]) => {
    const moved = typeof row === 'string' ? rows.get(row) : row
    if (typeof row === 'string') rows.delete(row)
    return [index, moved]
  })
  const next: Json[] = []
  const left = [...rows.values()]
  for (const [index, row] of put) {
    while (next.length < index) next.push(left.shift())
    next.push(row)
  }
  return [...next, ...left]
}

/** Times and texts, as the page tells. */
function read(value: Json): Json {
  if (typeof value === 'string' && value.startsWith('~')) return value[1] === 't' ? value.slice(2) : value.slice(1)
  if (Array.isArray(value)) return value.map(read)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, read(inner)]))
}

/** What `read` undoes. */
function written(value: Json): Json {
  if (typeof value === 'string') return value.startsWith('~') ? `~${value}` : value
  if (Array.isArray(value)) return value.map(written)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, written(inner)]))
}
