import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Binary, BSON, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'mongodb'
import { decode, encode } from './bson.ts'
import { readCommand } from './command.ts'
import { arrayElement, documentOf, elementsOf } from './document.ts'

const every = {
  double: new Double(1),
  text: 'kite 🪁',
  document: { a: { b: 1 } },
  array: [1, 'two', [3]],
  bytes: new Binary(Buffer.from('ab')),
  id: new ObjectId(),
  yes: true,
  date: new Date(5),
  nothing: null,
  pattern: /a.b/i,
  code: new BSON.Code('return 1'),
  scoped: new BSON.Code('return a', { a: 1 }),
  symbol: new BSON.BSONSymbol('s'),
  int: 7,
  stamp: new Timestamp({ t: 1, i: 2 }),
  long: Long.fromString('9007199254740993'),
  decimal: Decimal128.fromString('1.10'),
  least: new MinKey(),
  most: new MaxKey(),
}

test('a document of every type is taken apart and put together to the same bytes', () => {
  const bytes = encode(every)
  const elements = elementsOf(bytes)
  assert.deepEqual(
    elements.map(({ name }) => name),
    Object.keys(every),
  )
  assert.deepEqual(documentOf(elements), bytes)
})

test('documents sent beside a command become one of its fields', () => {
  const documents = [{ a: 1 }, { b: { c: 'd' } }]
  const field = arrayElement('documents', documents.map(encode))
  assert.deepEqual(decode(documentOf([...elementsOf(encode({ insert: 'kites' })), field])), { insert: 'kites', documents })
})

test('the engine gets a command without what the driver tells the server', () => {
  const lsid = { id: new Binary(Buffer.alloc(16, 1), 4) }
  const sent = { find: 'kites', filter: { a: 1 }, $db: 'sky', lsid, txnNumber: 3, autocommit: false, maxTimeMS: 9 }
  const command = readCommand(elementsOf(encode(sent)))
  assert.deepEqual(decode(command.body), { find: 'kites', filter: { a: 1 } })
  assert.equal(command.database, 'sky')
  assert.equal(command.transaction, `${'01'.repeat(16)} 3`)
  assert.equal(command.settings.maxTimeMS, 9)
})
