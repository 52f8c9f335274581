import type { Model, Question, Rule, Rules, Where } from './questions.fixture.ts'

type Row = Readonly<Record<string, any>> & { readonly id: string }
/** All rows by model and id. */
export type State = ReadonlyMap<string, ReadonlyMap<string, Row>>

/** Where a relation to one leads. */
const toOne: Readonly<Record<Model, Readonly<Record<string, Model>>>> = {
  users: {},
  boards: { owner: 'users' },
  members: { board: 'boards', user: 'users' },
  notes: { board: 'boards', owner: 'users' },
}
/** Where a relation to many leads, and what leads back. */
const toMany: Readonly<Record<string, readonly [Model, string]>> = { members: ['members', 'board'], notes: ['notes', 'board'] }

/** The answer to a question in a state: queries and policies written a second time, the plainest way. */
export function answerOf(state: State, rules: Rules, question: Question, user: string | null): unknown {
  return new Sight(state, rules, user).answer(question)
}

/** The conditions of a rule for one who calls; those about who calls open nothing to a visitor. */
export function bound(rule: Rule, user: string | null): Rule {
  const texts = rule.map((where) => JSON.stringify(where)).filter((text) => user !== null || !text.includes('$me'))
  return texts.map((text) => JSON.parse(text.replaceAll('$me', user ?? '')))
}

/** What one who calls may read of a state. */
class Sight {
  readonly #state: State
  readonly #rules: Rules
  readonly #user: string | null
  readonly #readable = new Map<Model, readonly Row[]>()

  constructor(state: State, rules: Rules, user: string | null) {
    this.#state = state
    this.#rules = rules
    this.#user = user
  }

  answer(question: Question): unknown {
    const { kind, model, where } = question
    if (kind === 'me') {
      const me = this.#state.get('users')?.get(this.#user ?? '')
      return [me?.name ?? null, me?.role ?? null]
    }
    const matching = this.#readableRows(model).filter((row) => this.#holds(model, row, where, this.#seen))
    switch (kind) {
      case 'count':
        return matching.length
      case 'sum':
        return matching.reduce((sum, { rank }) => sum + rank, 0)
      case 'max':
        return matching.reduce((max: number | null, { rank }) => (max === null || rank > max ? rank : max), null)
      case 'groups':
        return groups(matching)
      case 'find':
        return this.#listed(question, matching)
      case 'first':
        return this.#listed({ ...question, limit: 1 }, matching)[0] ?? null
      case 'pair':
        return [matching.length, this.#listed(question, matching)]
    }
  }

  readonly #seen = (model: Model): readonly Row[] => this.#readableRows(model)
  /** Rules are the app's own word. */
  readonly #all = (model: Model): readonly Row[] => this.#rowsOf(model)

  #rowsOf(model: Model): readonly Row[] {
    return [...(this.#state.get(model)?.values() ?? [])].sort((one, other) => compared(one.id, other.id))
  }

  /** The rows as they look to who calls. */
  #readableRows(model: Model): readonly Row[] {
    const known = this.#readable.get(model)
    if (known !== undefined) return known
    const rows = this.#rowsOf(model).filter((row) => this.#mayRead(model, row))
    const masked = rows.map((row) => this.#masked(model, row))
    this.#readable.set(model, masked)
    return masked
  }

  #mayRead(model: Model, row: Row): boolean {
    const me = this.#state.get('users')?.get(this.#user ?? '')
    if (model === 'notes' && this.#rules.isOpenToEditors && me?.role === 'editor') return true
    return this.#isOpen(model, row, this.#rules[model])
  }

  #isOpen(model: Model, row: Row, rule: Rule): boolean {
    return bound(rule, this.#user).some((where) => this.#holds(model, row, where, this.#all))
  }

  #masked(model: Model, row: Row): Row {
    if (model === 'notes') return { ...row, secret: this.#isOpen(model, row, this.#rules.secret) ? row.secret : null }
    if (model !== 'users') return row
    const { email: _, ...open } = row
    return { ...open, id: row.id }
  }

  #holds(model: Model, row: Row, where: Where, rows: (model: Model) => readonly Row[]): boolean {
    return Object.entries(where).every(([name, wanted]) => {
      const each = (inner: Where) => this.#holds(model, row, inner, rows)
      if (name === 'or') return wanted.some(each)
      if (name === 'and') return wanted.every(each)
      if (name === 'not') return !each(wanted)
      const one = toOne[model][name]
      if (one !== undefined && typeof wanted === 'object') {
        return rows(one).some((other) => other.id === row[name] && this.#holds(one, other, wanted, rows))
      }
      const many = model === 'boards' ? toMany[name] : undefined
      if (many === undefined) return fits(row[name], wanted)
      const related = rows(many[0]).filter((other) => other[many[1]] === row.id)
      return Object.entries(wanted).every(([how, inner]) => {
        const found = related.filter((other) => this.#holds(many[0], other, inner as Where, rows)).length
        return how === 'some' ? found > 0 : found === (how === 'none' ? 0 : related.length)
      })
    })
  }

  #listed(
    { model, orderBy = [], limit = 1000, page = 1, with: relations = {} }: Question,
    matching: readonly Row[],
  ): readonly Row[] {
    const shown = matching.flatMap((row) => {
      const loaded = Object.entries(relations).map(([name, how]) => [name, this.#related(model, row, name, how)])
      return loaded.some(([, value]) => value === undefined) ? [] : [{ row, loaded: Object.fromEntries(loaded) }]
    })
    const sorted = shown.sort((one, other) => inOrder(orderBy, one.row, other.row))
    return sorted.slice((page - 1) * limit, page * limit).map(({ row, loaded }) => ({ ...row, ...loaded }))
  }

  /** Undefined for a row that may not be read: it takes along the one that needs it. */
  #related(model: Model, row: Row, name: string, how: any): unknown {
    const one = toOne[model][name]
    if (one !== undefined) return this.#readableRows(one).find(({ id }) => id === row[name])
    const [target, back] = toMany[name] ?? ['notes', 'board']
    const { where = {}, orderBy = [], limit } = how
    const related = this.#readableRows(target).filter((other) => other[back] === row.id)
    const fitting = related.filter((other) => this.#holds(target, other, where, this.#seen))
    return fitting.sort((first, second) => inOrder(orderBy, first, second)).slice(0, limit)
  }
}

function fits(value: any, wanted: any): boolean {
  if (typeof wanted !== 'object' || wanted === null) return value === wanted
  return Object.entries<any>(wanted).every(([how, bound]) => {
    if (how === 'not') return value !== bound
    if (how === 'in') return bound.includes(value)
    if (how === 'notIn') return !bound.includes(value)
    if (value === null) return false
    if (how === 'startsWith') return value.startsWith(bound)
    if (how === 'contains') return value.includes(bound)
    const order = compared(value, bound)
    return { gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 }[how] ?? false
  })
}

function compared(one: any, other: any): number {
  if (one === other) return 0
  if (one === null) return -1
  if (other === null) return 1
  return one < other ? -1 : 1
}

/** The id decides among equals, in the direction of the last field. */
function inOrder(orderBy: readonly string[], one: Row, other: Row): number {
  const isDown = orderBy.at(-1)?.startsWith('-') ?? false
  for (const each of [...orderBy, isDown ? '-id' : 'id']) {
    const name = each.replace('-', '')
    const order = compared(one[name], other[name])
    if (order !== 0) return each.startsWith('-') ? -order : order
  }
  return 0
}

function groups(rows: readonly Row[]): unknown {
  const boards = [...new Set(rows.map(({ board }) => board))].sort(compared)
  return boards.map((board) => {
    const own = rows.filter((row) => row.board === board)
    return { board, count: own.length, sum: { rank: own.reduce((sum, { rank }) => sum + rank, 0) } }
  })
}
