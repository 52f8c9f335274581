import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hearing } from './hearing.ts'
import { Room } from './room.ts'

/** Microtasks, more than are between the end of a read and that it is known of. */
const longest = 20

/** A room of which one listener reads: what is said is kept, and told of at once. */
function openRoom() {
  const parts: any = { key: 'hall', topic: 1, definition: { history: { keep: 100, milliseconds: 1_000 } } }
  const room = new Room(parts)
  const kept: any[] = []
  const written: number[] = []
  const say = () => {
    const message = { channel: 'hall', number: kept.length + 1, id: `${kept.length}`, at: new Date(), sender: 'ann', body: '{}' }
    kept.push(message)
    room.onMessage(message)
  }
  let onRead = () => {}
  const store: any = {
    last: async () => kept.length,
    after: async (_channel: string, number: number) => {
      onRead()
      return kept.slice(number)
    },
  }
  const line = {
    isOpen: true,
    confirm: async () => true,
    write: (frame: { readonly text: string }) => written.push(JSON.parse(frame.text).number),
    tellMissed() {},
  }
  const hearing = new Hearing(room, store, line)
  const listener: any = { deliver: (number: number, frame: any) => hearing.deliver(number, frame) }
  room.add(listener)
  return {
    hearing,
    say,
    written,
    whenRead(listen: () => void) {
      onRead = listen
    },
  }
}

test('a message that comes while reading ends is heard at once, whenever that is', async () => {
  for (let count = 0; count < longest; count++) {
    const { hearing, say, written, whenRead } = openRoom()
    say()
    whenRead(() => {
      whenRead(() => {})
      let left = count
      const step = () => (left-- > 0 ? queueMicrotask(step) : say())
      queueMicrotask(step)
    })
    await hearing.start(undefined)
    for (let turn = 0; turn < 2 * longest; turn++) await null
    assert.deepEqual(written, [1, 2], `${count} microtasks later`)
  }
})
