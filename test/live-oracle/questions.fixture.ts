/** A condition as the query language writes it. */
export type Where = Readonly<Record<string, any>>
export type Model = 'users' | 'boards' | 'members' | 'notes'

/** What a client asks, as a text in the input of the route. */
export interface Question {
  readonly kind: 'find' | 'first' | 'count' | 'sum' | 'max' | 'groups' | 'pair' | 'me'
  readonly model: Model
  readonly where: Where
  readonly orderBy?: readonly string[]
  readonly limit?: number
  readonly page?: number
  readonly with?: Readonly<Record<string, any>>
}

/** Rows that match one of the conditions are open; `$me` is who calls. */
export type Rule = readonly Where[]

export interface Rules {
  readonly users: Rule
  readonly boards: Rule
  readonly members: Rule
  readonly notes: Rule
  /** In which notes the guarded field is open. */
  readonly secret: Rule
  /** Whether editors read every note. */
  readonly isOpenToEditors: boolean
}

type Random = () => number

const everything: Rule = [{}]
const boardRules: readonly Where[] = [
  { open: true },
  { owner: '$me' },
  { members: { some: { user: '$me' } } },
  { owner: { role: 'editor' } },
  { members: { none: {} } },
]
const noteRules: readonly Where[] = [
  { open: true },
  { owner: '$me' },
  { board: { open: true } },
  { board: { owner: '$me' } },
  { board: { members: { some: { user: '$me' } } } },
  { rank: { gte: 4 } },
  { owner: { role: 'editor' } },
  { grade: null, open: true },
  { not: { rank: { in: [1, 2, 5] } } },
]

/** The policies of an app: the same for the same seed. */
export function rulesOf(random: Random): Rules {
  const some = (pool: readonly Where[], most: number): Rule => {
    const left = [...pool]
    return Array.from({ length: 1 + below(random, most) }, () => left.splice(below(random, left.length), 1)[0] ?? {})
  }
  return {
    users: pickOne(random, [everything, everything, [{ role: 'editor' }, { id: '$me' }]]),
    boards: pickOne(random, [everything, some(boardRules, 3)]),
    members: pickOne(random, [everything, [{ user: '$me' }, { board: { owner: '$me' } }]]),
    notes: some(noteRules, 3),
    secret: pickOne(random, [[{ owner: '$me' }], [{ board: { open: true } }], [{ rank: { lt: 4 } }, { owner: '$me' }]]),
    isOpenToEditors: random() < 0.5,
  }
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

export function pickOne<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)] as T
}

/** What somebody may ask; `users` are ids that conditions name. */
export function questionOf(random: Random, users: readonly string[]): Question {
  const model = pickOne<Model>(random, ['notes', 'notes', 'notes', 'notes', 'boards', 'boards', 'members'])
  const where = random() < 0.2 ? {} : whereOf(random, model, users, 2)
  const kind = pickOne<Question['kind']>(random, [
    ...(['find', 'find', 'find', 'find', 'first', 'count', 'pair', 'me'] as const),
    ...(model === 'notes' ? (['sum', 'max', 'groups'] as const) : []),
  ])
  if (kind !== 'find' && kind !== 'first' && kind !== 'pair') return { kind, model, where }
  return {
    kind,
    model,
    where,
    ...(random() < 0.8 && { orderBy: orderOf(random, model) }),
    ...(random() < 0.7 && { limit: 1 + below(random, 6) }),
    ...(kind === 'find' && random() < 0.1 && { page: 2 }),
    ...(random() < 0.35 && { with: withOf(random, model, users) }),
  }
}

const orders: Readonly<Record<Model, readonly string[]>> = {
  users: ['name'],
  boards: ['title', 'open', 'owner', 'id'],
  members: ['board', 'user', 'id'],
  notes: ['rank', 'rank', 'title', 'grade', 'secret', 'open', 'board', 'owner', 'id'],
}

function orderOf(random: Random, model: Model): readonly string[] {
  const left = [...new Set(orders[model])]
  const first = pickOne(random, orders[model])
  const names = random() < 0.4 ? [first, pickOne(random, left)] : [first]
  return [...new Set(names)].map((name) => (random() < 0.5 ? `-${name}` : name))
}

function withOf(random: Random, model: Model, users: readonly string[]): Readonly<Record<string, any>> {
  if (model === 'notes') return pickOne(random, [{ owner: true }, { board: true }, { owner: true, board: true }])
  if (model === 'members') return pickOne(random, [{ board: true }, { user: true }])
  const notes = {
    where: whereOf(random, 'notes', users, 1),
    orderBy: orderOf(random, 'notes'),
    ...(random() < 0.6 && { limit: 1 + below(random, 3) }),
  }
  return pickOne(random, [{ owner: true }, { notes }, { members: { orderBy: ['id'] } }])
}

function whereOf(random: Random, model: Model, users: readonly string[], depth: number): Where {
  const inner = () => whereOf(random, model, users, depth - 1)
  if (depth > 0 && random() < 0.35)
    return pickOne(random, [{ or: [inner(), inner()] }, { not: inner() }, { and: [inner(), inner()] }])
  return leafOf(random, model, users, depth)
}

function leafOf(random: Random, model: Model, users: readonly string[], depth: number): Where {
  const user = pickOne(random, users)
  const deeper = (target: Model) => (depth > 0 ? whereOf(random, target, users, depth - 1) : {})
  const yes = random() < 0.5
  if (model === 'users') return pickOne(random, [{ role: 'editor' }, { role: { not: 'editor' } }, { id: user }])
  if (model === 'members') return pickOne(random, [{ user }, { board: { open: yes } }, { board: deeper('boards') }])
  const many = pickOne(random, ['some', 'none', 'every'])
  if (model === 'boards') {
    return pickOne<Where>(random, [
      { open: yes },
      { owner: user },
      { owner: { role: 'editor' } },
      { title: { startsWith: pickOne(random, ['b1', 'b']) } },
      { members: { [many]: { user } } },
      { notes: { [many]: deeper('notes') } },
    ])
  }
  const number = below(random, 8)
  return pickOne<Where>(random, [
    { open: yes },
    { rank: number },
    { rank: { gte: number } },
    { rank: { gt: number - 3, lte: number } },
    { rank: { in: [number, 7 - number] } },
    { rank: { notIn: [number] } },
    { grade: null },
    { grade: { not: number } },
    { grade: { lt: number } },
    { secret: { gt: number } },
    { secret: null },
    { title: { startsWith: 'n1' } },
    { title: { contains: String(number) } },
    { owner: user },
    { owner: user, open: yes },
    { owner: { role: 'editor' } },
    { board: { open: yes } },
    { board: deeper('boards') },
    { board: { members: { [many]: { user } } } },
  ])
}
