import { tapri } from 'tapri'
import { file, id, model, pick } from 'tapri/data'
import { serveApp } from '../serving-app.ts'

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
await serveApp(description)
