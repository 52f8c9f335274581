import { openAsBlob } from 'node:fs'
import type { Log } from 'tapri/observe'
import type { Database } from './tapri.ts'

const samples = [
  {
    file: 'kites.mp4',
    title: 'Kites over the bay',
    description: 'Three kites, one sunset and a little wind.\nDrawn and played by a program, so it is free for everyone.',
  },
  {
    file: 'chai.mp4',
    title: 'Chai, slowly',
    description: 'A glass of tea steaming on the counter. Put it on while you wait for your build.',
  },
]

/** Gives a fresh database a demo channel, so that the first visit shows something. */
export async function seed({ db, log }: { db: ReturnType<Database['asSystem']>; log: Log }): Promise<void> {
  if ((await db.users.count()) > 0) return
  const asha = await db.users.create({ name: 'Asha', email: 'asha@videotube.test', about: 'Small films from the tea stall.' })
  const ravi = await db.users.create({ name: 'Ravi', email: 'ravi@videotube.test' })
  for (const { file, ...facts } of samples) {
    const clip = await openAsBlob(new URL(`../sample/${file}`, import.meta.url), { type: 'video/mp4' })
    const source = new File([clip], file, { type: 'video/mp4' })
    const video = await db.videos.create({ ...facts, source, published: true, owner: asha.id })
    await db.comments.create({ video: video.id, author: ravi.id, text: 'I could watch this all day. Who has the biscuits?' })
  }
  log.info('Made a demo channel with two videos')
}
