// A process that has a bus open, and does what its parent says: `conformance.fixture.ts` starts it.

import { openBus } from './open.ts'
import type { Command, Said } from './process.fixture.ts'
import type { Bus } from './types.ts'
import { untilUp } from './up.fixture.ts'

const [, , url = ''] = process.argv
const ends = new Map<string, () => Promise<void>>()

const bus = await openBus(url)
bus.onGap(() => say({ gap: true }))
process.on('message', (command: Command) => {
  obey(bus, command).then(
    () => say({ done: command.id }),
    (error: Error) => say({ done: command.id, error: error.message }),
  )
})
await untilUp(bus)
say({ done: 0 })

async function obey(bus: Bus, { task, topic, texts }: Command): Promise<void> {
  if (task === 'subscribe') ends.set(topic, await bus.subscribe(topic, (text) => say({ topic, text })))
  if (task === 'unsubscribe') await ends.get(topic)?.()
  if (task === 'publish') await Promise.all(texts.map((text) => bus.publish(topic, text)))
  if (task !== 'close') return
  await bus.close()
  process.disconnect()
}

function say(said: Said): void {
  if (process.connected) process.send?.(said)
}
