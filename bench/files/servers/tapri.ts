import { join } from 'node:path'
import { startApp, tapri } from 'tapri'
import { file, id, model, pick } from 'tapri/data'
import { silentLog } from 'tapri/observe'
import { folder, tell } from '../serving.ts'

// As an app is that takes films: files with rows, rules of who may read them, hashes, and a disk that has them for sure.
const films = model({ source: file({ accept: '*/*', maxSize: '8gb' }) })
const { app: make, controller, policy, visitor } = tapri({ models: { films } })
const { description } = make({
  controllers: {
    films: controller('/films', {
      create: visitor.post('/', { body: pick(films, 'source') }, ({ db, body }) => db.films.create(body)),
      remove: visitor.delete('/:id', { params: { id: id('films') } }, ({ db, params }) => db.films.delete(params.id)),
    }),
  },
  policies: [policy('films', { read: () => true, create: () => true, delete: () => true })],
})
const started = await startApp(description, {
  port: 0,
  host: '127.0.0.1',
  file: null,
  log: silentLog,
  migrate: 'auto',
  environment: {
    NODE_ENV: 'test',
    DATABASE_URL: `sqlite:${join(folder, 'app.db')}`,
    FILES_URL: `disk:${join(folder, 'files')}`,
  },
})
tell(Number(new URL(started.url).port))
