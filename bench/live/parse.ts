import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { StoredRow } from '../../packages/tapri/src/data/index.ts'
import type { Wish } from './workload.ts'

/** What a subscription holds: its server looks for the class first. */
type Query = Readonly<Record<string, unknown>>
type Matcher = (object: unknown, query: Query) => boolean

/** The matcher of parse-server, which is far too large to be installed for this: a folder with it is named by
 * PARSE_SERVER_FOLDER. Undefined without one. */
export function parseMatcher(): Matcher | undefined {
  const folder = process.env.PARSE_SERVER_FOLDER
  if (folder === undefined || folder === '') return undefined
  const load = createRequire(join(folder, 'package.json'))
  return load('parse-server/lib/LiveQuery/QueryTools.js').matchesQuery
}

export function parseQuery({ rooms = [], kind, either, from, to }: Wish): Query {
  const where: Record<string, unknown> = {}
  if (rooms.length === 1) where.room = rooms[0]
  else if (rooms.length > 1) where.room = { $in: rooms }
  if (kind !== undefined) where.kind = kind
  if (either !== undefined) where.$or = [{ author: either.author }, { room: either.room }]
  if (from !== undefined) where.price = { $gte: from, $lt: to }
  return where
}

export function parseObject({ id, ...fields }: StoredRow): unknown {
  return { className: 'offers', objectId: id, ...fields }
}
