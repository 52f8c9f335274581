import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from './drivers/scratch.ts'
import { belongsTo, type Id, model, openDatabase, optional, type Policy, text } from './index.ts'
import { servers } from './servers.fixture.ts'

const models = {
  users: model({ name: text(), avoids: optional(text()) }),
  teams: model({ name: text() }),
  rooms: model({ name: text() }),
  posts: model({ title: text(), team: optional(belongsTo('teams')), room: optional(belongsTo('rooms')) }),
  signs: model({ text: text(), room: optional(belongsTo('rooms')) }),
}
/** All teams but one may be read, and all rooms. */
const policies: readonly Policy[] = [
  { model: 'users', rules: {} },
  { model: 'teams', rules: { read: ({ rows, user }: any) => rows({ id: { not: user.avoids } }) } },
  { model: 'rooms', rules: { read: () => true } },
  { model: 'posts', rules: { read: () => true, create: () => true, update: () => true } },
  {
    model: 'signs',
    rules: {
      read: () => true,
      create: ({ rows }: any) => rows({ room: { name: 'kitchen' } }),
      update: ({ rows }: any) => rows({ text: { not: 'no' } }),
    },
  },
]
const unknown = '01890000-0000-7000-8000-000000000000'

for (const { kind, server } of servers) {
  test(`${kind}: a row may name what may be read, and nothing else, whether it is there or not`, async () => {
    const scratch = await scratchDatabase(server)
    const database = await openDatabase({ models, policies, url: scratch.url, migrate: 'auto' })
    try {
      const system = database.systemDb<typeof models>()
      const [open, hidden] = await system.teams.createMany([{ name: 'open' }, { name: 'hidden' }])
      const room = await system.rooms.create({ name: 'kitchen' })
      assert.ok(open && hidden)
      const user = await system.users.create({ name: 'Ann', avoids: hidden.id })
      const { posts } = database.asCaller<typeof models>({ user: { ...user } })
      const refusal = (field: string) => ({ code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422, message: new RegExp(field) })
      await assert.rejects(posts.create({ title: 'a', team: hidden.id }), refusal('team'))
      await assert.rejects(posts.create({ title: 'a', team: idOf<'teams'>(unknown) }), refusal('team'))
      await assert.rejects(posts.create({ title: 'a', room: idOf<'rooms'>(unknown) }), refusal('room'))
      await assert.rejects(posts.createMany([{ title: 'a' }, { title: 'b', room: idOf<'rooms'>(unknown) }]), refusal('room'))
      const post = await posts.create({ title: 'a', team: open.id, room: room.id })
      await assert.rejects(posts.update(post.id, { team: hidden.id }), refusal('team'))
      await assert.rejects(posts.update(post.id, { room: idOf<'rooms'>(unknown) }), refusal('room'))
      assert.deepEqual(await system.posts.find(), [post])
    } finally {
      await database.close()
      await scratch.dispose()
    }
  })
}

for (const { kind, server } of servers) {
  test(`${kind}: that a row names nothing is told before that its policy forbids it`, async () => {
    const scratch = await scratchDatabase(server)
    const database = await openDatabase({ models, policies, url: scratch.url, migrate: 'auto' })
    try {
      const system = database.systemDb<typeof models>()
      const [kitchen, hall] = await system.rooms.createMany([{ name: 'kitchen' }, { name: 'hall' }])
      assert.ok(kitchen && hall)
      const { signs } = database.asCaller<typeof models>({ user: null })
      const nowhere = { code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422, message: /room/ }
      const forbidden = { code: 'TAPRI_DENIED', status: 403 }
      await assert.rejects(signs.create({ text: 'a', room: idOf<'rooms'>(unknown) }), nowhere)
      await assert.rejects(signs.create({ text: 'a', room: hall.id }), forbidden)
      const sign = await signs.create({ text: 'a', room: kitchen.id })
      await assert.rejects(signs.update(sign.id, { text: 'no', room: idOf<'rooms'>(unknown) }), nowhere)
      await assert.rejects(signs.update(sign.id, { text: 'no', room: hall.id }), forbidden)
      assert.deepEqual(await system.signs.find(), [sign])
    } finally {
      await database.close()
      await scratch.dispose()
    }
  })
}

// An id is a text that names its model in its type alone.
function idOf<Model extends string>(id: string): Id<Model> {
  return id as Id<Model>
}
