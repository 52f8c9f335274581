import type { ColumnState, ColumnType, IndexState, TableState } from '../../migration/state.ts'
import { codeOf } from './failure.ts'
import type { Document, Server } from './server.ts'

const kinds: Readonly<Record<ColumnType, readonly string[]>> = {
  text: ['string'],
  int: ['long', 'int'],
  float: ['double'],
  bool: ['bool'],
  time: ['date'],
  json: ['object', 'array'],
}

/** The names that the server has for how a column is stored. */
export function kindsOf(column: ColumnState): readonly string[] {
  return isWords(column) ? ['array'] : kinds[column.type]
}

/** What every document of the table must be like; a document may have fields besides. */
export function validatorOf({ columns }: TableState): Document {
  const fields = columns.filter(({ name }) => name !== 'id')
  const required = fields.filter(({ nullable }) => !nullable).map(({ name }) => name)
  const properties = fields.map((column) => [
    column.name,
    { bsonType: [...kindsOf(column), ...(column.nullable ? ['null'] : [])] },
  ])
  return {
    $jsonSchema: {
      bsonType: 'object',
      ...(required.length > 0 && { required }),
      properties: { _id: { bsonType: 'string' }, ...Object.fromEntries(properties) },
    },
  }
}

/** Makes a collection, or gives the one that is there the rule for its documents. */
export async function makeCollection(server: Server, table: TableState): Promise<void> {
  const rule = { validator: validatorOf(table), validationLevel: 'strict', validationAction: 'error' }
  try {
    await server.db.command({ create: table.name, ...rule })
  } catch (cause) {
    // NamespaceExists
    if (codeOf(cause) !== 48) throw cause
    await server.db.command({ collMod: table.name, ...rule })
  }
}

/** Makes an index, and makes it anew when one of its name is otherwise. */
export async function makeIndex(server: Server, table: TableState, index: IndexState): Promise<void> {
  for (const spec of specsOf(table, index)) await createIndex(server, table.name, spec)
}

export async function dropIndex(server: Server, table: string, index: IndexState): Promise<void> {
  for (const name of indexNames(index)) await dropNamed(server, table, name)
}

/** What the server calls an index. It can have one list of words in each of its own, as no other index here has. */
export function indexNames({ name, columns, words }: IndexState): string[] {
  return words ? columns.map((column) => `words_${column}`) : [name]
}

async function dropNamed(server: Server, table: string, name: string): Promise<void> {
  try {
    await server.db.command({ dropIndexes: table, index: name })
  } catch (cause) {
    // NamespaceNotFound, IndexNotFound
    if (codeOf(cause) !== 26 && codeOf(cause) !== 27) throw cause
  }
}

/** A column of words has a name that no field of a model can have. */
function isWords({ name }: Pick<ColumnState, 'name'>): boolean {
  return name.startsWith('tapri_words_')
}

type Spec = Readonly<Record<string, unknown>> & { readonly name: string }

async function createIndex(server: Server, table: string, spec: Spec): Promise<void> {
  try {
    await server.db.command({ createIndexes: table, indexes: [spec] })
  } catch (cause) {
    // IndexOptionsConflict, IndexKeySpecsConflict
    if (codeOf(cause) !== 85 && codeOf(cause) !== 86) throw cause
    await dropNamed(server, table, spec.name)
    await server.db.command({ createIndexes: table, indexes: [spec] })
  }
}

function specsOf(table: TableState, index: IndexState): Spec[] {
  if (!index.words) return [specOf(table, index)]
  return indexNames(index).map((name, at) => ({ name, key: { [index.columns[at] ?? '']: 1 } }))
}

function specOf({ columns }: TableState, { name, columns: names, unique }: IndexState): Spec {
  const key = Object.fromEntries(names.map((each) => [each === 'id' ? '_id' : each, 1]))
  if (!unique) return { key, name }
  // null is equal to nothing in a unique key; a bound, unlike a type, lets the server see that an equality is among these
  const nullable = columns.filter((column) => column.nullable && names.includes(column.name))
  const present = Object.fromEntries(nullable.map((column) => [column.name, { $gte: least[column.type] }]))
  return { key, name, unique, ...(nullable.length > 0 && { partialFilterExpression: present }) }
}

const least: Readonly<Record<ColumnType, unknown>> = {
  text: '',
  int: Number.NEGATIVE_INFINITY,
  float: Number.NEGATIVE_INFINITY,
  bool: false,
  time: new Date(-8.64e15),
  json: '',
}
