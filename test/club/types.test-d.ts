// What the types must refuse: each line below a directive has to fail, or the compiler complains.
import { client } from 'tapri/client'
import type { Id } from 'tapri/data'
import type app from './app.ts'

const api = client<typeof app>('http://localhost/api')
const page = await api.videos.list({ page: 2 })
const first = page[0]
if (first === undefined) throw new Error('The list is empty')

const name: string = first.author.name
const size: number = first.source.size
// @ts-expect-error page is a number
await api.videos.list({ page: 'two' })
// @ts-expect-error there is no such input
await api.videos.list({ pages: 2 })
// @ts-expect-error title is required
await api.videos.create({ source: new Blob() })
// @ts-expect-error a comment id is not a video id
await api.videos.publish({ id: 'x' as unknown as Id<'comments'> })
// @ts-expect-error comments were not loaded
first.comments
// @ts-expect-error an e-mail address is private
first.author.email
// @ts-expect-error only a GET can be followed live
api.videos.publish.live({ id: first.id }, () => {})
// @ts-expect-error there is no such route
api.videos.watch

const stop: () => void = api.videos.comments.live({ id: first.id }, (rows) => {
  const at: Date | undefined = rows[0]?.at
  void at
})
const me = await api.auth.me()
const own: string | undefined = me?.email
// @ts-expect-error a password is required
await api.auth.signUp({ name: 'Ann', email: 'ann@club.test' })
void [name, size, stop, own]
