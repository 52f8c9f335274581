import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { listen } from './listen.fixture.ts'
import { heard, type Other, type Place } from './outside.fixture.ts'

const makePerson = (make: string) => ({ make })

/** Kills processes of the app while another program writes: what it has written is told once, in its order. */
export async function killAtWork(place: Place): Promise<void> {
  const { database: first } = await heard(place)
  await first.close()
  const other = await place.other()
  const writer = await place.other()
  const expected: string[] = []
  for (let round = 0; round < 3; round++) {
    const child = await holder(place, other, `begin ${round}`)
    expected.push(`begin ${round}`)
    const gone = once(child, 'exit')
    for (let at = 0; at < 30; at++) {
      expected.push(`${round} ${at}`)
      await writer.write(makePerson(`${round} ${at}`))
      // in the middle of writing to the log, at another point each time
      if (at === 10 + round * 3) child.kill('SIGKILL')
    }
    await gone
  }
  const database = await place.open()
  const told = listen(database)
  await other.write(makePerson('end'))
  await told.until(({ id }) => id === 'end')
  const all = (await database.changes.since(0, 1000))
    .flatMap((commit) => commit.changes.map(({ id }) => id))
    .filter((id) => id !== '')
  assert.deepEqual(all, [...expected, 'end'])
}

/** A process of the app, once it has told of a row of another program. */
async function holder(place: Place, other: Other, id: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('holder.fixture.ts', import.meta.url)), [place.url])
  const isHeard = new Promise<void>((resolve) => {
    child.on('message', (ids: readonly string[]) => ids.includes(id) && resolve())
  })
  await once(child, 'message')
  await other.write(makePerson(id))
  await isHeard
  return child
}
