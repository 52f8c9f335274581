import { tapri } from 'tapri'
import { id, image, int, model, optional, pick, video } from 'tapri/data'
import { serveApp } from '../serving-app.ts'

// An app of pictures and films, as the others are: with rows, rules, and a disk that keeps what is made.
const works = model({ picture: optional(image({ maxSize: '50mb' })), film: optional(video({ maxSize: '1gb' })) })
const { app: make, controller, policy, visitor } = tapri({ models: { works } })
const one = { params: { id: id('works') } }
const { description } = make({
  controllers: {
    works: controller('/works', {
      create: visitor.post('/', { body: pick(works, 'picture', 'film') }, ({ db, body }) => db.works.create(body)),
      get: visitor.get('/:id', one, ({ db, params }) => db.works.get(params.id)),
      /** A URL for a size that was never made before. */
      size: visitor.get('/:id/size', { ...one, query: { width: int() } }, async ({ db, params, query, files }) => {
        const { picture } = await db.works.get(params.id)
        return picture && files.variantUrl(picture, { width: query.width, format: 'webp' })
      }),
    }),
  },
  policies: [policy('works', { read: () => true, create: () => true })],
})
await serveApp(description)
