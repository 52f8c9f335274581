import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change } from '../../data/index.ts'
import { fileDb } from '../file-db.ts'
import { film, Room } from '../room.fixture.ts'
import { noteFilms } from './note.ts'

test('a film that changes rows in a transaction has one job, at the row that has it, in whichever order they are written', async () => {
  await using room = await Room.open()
  await room.post({ title: 'Kites', source: film() })
  const db = fileDb(room.database.asSystem)
  const [file] = await db.tapri_files.find()
  const source = { id: file?.id }
  const change = (id: string, before: object | null, after: object | null) =>
    ({ model: 'videos', id, before, after }) as unknown as Change
  const fields = new Map([['videos', ['source']]])
  const note = async (...changes: Change[]) => {
    await noteFilms(changes, db, { fields, now: new Date(room.clock.now()) })
    return (await db.tapri_films.find()).map(({ row }) => row)
  }

  assert.deepEqual(await note(change('one', null, { source })), ['one'])
  assert.deepEqual(await note(change('two', null, { source }), change('one', { source }, null)), ['two'])
  assert.deepEqual(await note(change('two', { source }, { source: null }), change('one', null, { source })), ['one'])
  assert.deepEqual(await note(change('one', { source }, null)), [])
})
