import { join } from 'node:path'
import { startApp, tapri } from 'tapri'
import { file, model, pick } from 'tapri/data'
import { silentLog } from 'tapri/observe'

const films = model({ source: file({ accept: 'video/*', maxSize: '8gb' }) })
const { app, controller, policy, visitor } = tapri({ models: { films } })
const { description } = app({
  controllers: {
    films: controller('/films', {
      create: visitor.post('/', { body: pick(films, 'source') }, ({ db, body }) => db.films.create(body)),
    }),
  },
  policies: [policy('films', { read: () => true, create: () => true })],
})

/** An app that takes films of any length, with all that it keeps in one folder. */
export function openLong(folder: string) {
  return startApp(description, {
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    file: null,
    migrate: 'auto',
    environment: {
      NODE_ENV: 'test',
      DATABASE_URL: `sqlite:${join(folder, 'app.db')}`,
      FILES_URL: `disk:${join(folder, 'files')}`,
    },
  })
}

// A process of its own, to be killed.
if (process.argv[1] === import.meta.filename) {
  const started = await openLong(process.argv[2] ?? '')
  process.send?.(Number(new URL(started.url).port))
  // an IPC channel that nobody listens to does not keep a process alive by itself
  process.on('message', () => {})
}
