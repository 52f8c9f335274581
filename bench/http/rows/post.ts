import { callers, type Row } from '../row.ts'

export interface Item {
  readonly title: string
  readonly price: number
  readonly tags: readonly string[]
  readonly published: boolean
}

const item: Item = { title: 'Kites over the river', price: 12.5, tags: ['sky', 'wind', 'paper'], published: true }
const known = new Set(Object.keys(item))

/** The check that a person writes by hand for this one body. */
export function isItem(value: unknown): value is Item {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const key in value) if (!known.has(key)) return false
  if (!('title' in value) || typeof value.title !== 'string' || value.title.length < 1 || value.title.length > 120) return false
  if (!('price' in value) || typeof value.price !== 'number' || value.price < 0) return false
  if (!('published' in value) || typeof value.published !== 'boolean') return false
  return 'tags' in value && Array.isArray(value.tags) && value.tags.length <= 10 && value.tags.every(isTag)
}

function isTag(tag: unknown): boolean {
  return typeof tag === 'string' && tag.length <= 30
}

const path = '/items'

export const post: Row = {
  name: 'post',
  meaning: 'a JSON body with four fields, checked and sent back; each with the validator that is usual with it',
  path,
  body: JSON.stringify(item),
  connections: callers,
  status: 200,
  type: 'application/json',
  answer: JSON.stringify(item),
  refused: [
    { path, body: JSON.stringify({ ...item, price: -1 }) },
    { path, body: JSON.stringify({ ...item, tags: ['kite'.repeat(8)] }) },
    { path, body: JSON.stringify({ title: item.title }) },
  ],
}
