import { systemClock } from '../../kit/clock.ts'
import { Cinema } from './films.fixture.ts'

// The process that nodes.test.ts kills: a node on the folder and at the moment it is given, which tells how far its films are.
const [folder = '', at] = process.argv.slice(2)
const cinema = await Cinema.open({ folder, clock: { ...systemClock, now: () => Number(at) } })
cinema.database.changes.subscribe(({ changes }) => {
  for (const { after } of changes) {
    const film: any = after?.film
    if (film?.media !== undefined) process.send?.(film.media)
  }
})
process.send?.('open')
process.on('message', () => {})
