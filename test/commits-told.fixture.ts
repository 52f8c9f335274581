// A process of an app beside that of the test: it writes what it is told to, and says when that is committed.
import { tellOfCommits } from '../packages/tapri/src/app/bus.ts'
import { openBus } from '../packages/tapri/src/bus/index.ts'
import { model, openDatabase, text } from '../packages/tapri/src/data/index.ts'

export const models = { notes: model({ text: text() }) }

if (process.send !== undefined) {
  const [, , url = '', busUrl = ''] = process.argv
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const bus = await openBus(busUrl)
  await tellOfCommits(database, bus)
  process.on('message', async (said) => {
    await database.systemDb<typeof models>().notes.create({ text: String(said) })
    process.send?.(said)
  })
  process.send('ready')
}
