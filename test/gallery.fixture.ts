import { tapri } from 'tapri'
import { belongsTo, email, file, private as hidden, id, image, model, optional, pick, text } from 'tapri/data'

const users = model({ email: hidden(email({ unique: true })) })

const pictures = model({
  title: text({ max: 100 }),
  owner: belongsTo('users'),
  picture: optional(
    image({
      maxSize: '2mb',
      maxPixels: 1_000_000,
      variants: {
        thumb: { width: 40 },
        square: { width: 30, height: 30, format: 'jpeg', quality: 60 },
      },
    }),
  ),
  paper: optional(file({ accept: 'text/plain, application/pdf', maxSize: '1mb' })),
})

const { member, controller, policy, auth, app } = tapri({ models: { users, pictures } })

const one = { params: { id: id('pictures') } }

/** Pictures that only their owners may see, and URLs that open them for others. */
export default app({
  controllers: {
    auth: auth({ signUp: pick(users, 'email') }),
    pictures: controller('/pictures', {
      create: member.post('/', { body: pick(pictures, 'title', 'picture', 'paper') }, ({ body, db, user }) =>
        db.pictures.create({ ...body, owner: user.id }),
      ),
      get: member.get('/:id', one, ({ params, db }) => db.pictures.get(params.id)),
      remove: member.delete('/:id', one, ({ params, db }) => db.pictures.delete(params.id)),
      share: member.get(
        '/:id/share',
        { ...one, query: { part: optional(text()), ip: optional(text()) } },
        async ({ params, query, db, files }) => {
          const { picture, paper } = await db.pictures.get(params.id)
          const shared = picture ?? paper
          if (shared === null) return null
          return files.signedUrl(shared, {
            expires: '10m',
            ...(query.part !== null && { part: query.part }),
            ...(query.ip !== null && { ip: query.ip }),
          })
        },
      ),
      small: member.get('/:id/small', one, async ({ params, db, files }) => {
        const { picture } = await db.pictures.get(params.id)
        return picture && files.variantUrl(picture, { width: 30, format: 'webp' })
      }),
    }),
  },
  policies: [
    policy('users', { read: ({ rows, user }) => user !== null && rows({ id: user.id }) }),
    policy('pictures', {
      read: ({ rows, user }) => user !== null && rows({ owner: user.id }),
      create: ({ user }) => user !== null,
      delete: ({ rows, user }) => user !== null && rows({ owner: user.id }),
    }),
  ],
})
