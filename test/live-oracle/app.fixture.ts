import { tapri } from 'tapri'
import { belongsTo, bool, email, guarded, hasMany, private as hidden, int, model, oneOf, optional, text } from 'tapri/data'
import { randomOf } from '../fuzz.fixture.ts'
import { bound } from './answers.fixture.ts'
import { type Question, type Rule, rulesOf } from './questions.fixture.ts'
import { type Step, write } from './writes.fixture.ts'

const users = model({
  name: text(),
  email: hidden(email({ unique: true })),
  role: oneOf(['reader', 'editor'], { default: 'reader' }),
})
const boards = model({
  title: text(),
  open: bool(),
  owner: belongsTo('users'),
  members: hasMany('members', 'board'),
  notes: hasMany('notes', 'board'),
})
const members = model({ board: belongsTo('boards', { onDelete: 'cascade' }), user: belongsTo('users', { onDelete: 'cascade' }) })
const notes = model({
  title: text(),
  rank: int(),
  open: bool(),
  grade: optional(int()),
  secret: guarded(int()),
  board: belongsTo('boards', { onDelete: 'cascade' }),
  owner: belongsTo('users'),
})

const { app, auth, controller, policy, visitor } = tapri({ models: { users, boards, members, notes } })

const oracle = controller('/oracle', {
  ask: visitor.get('/ask', { query: { question: text() } }, (context) => {
    const question: Question = JSON.parse(context.query.question)
    return asked(context.db, question)
  }),
  me: visitor.get('/me', ({ user }) => [user?.name ?? null, user?.role ?? null]),
  /** One transaction past the policies. */
  write: visitor.post('/write', { body: { steps: text() } }, ({ db, body }) => {
    const steps: readonly Step[] = JSON.parse(body.steps)
    return db.asSystem('the test writes').transaction((db) => write(db, steps))
  }),
})

async function asked(db: any, question: Question): Promise<unknown> {
  const { kind, model, where, ...options } = question
  const rows = db[model]
  switch (kind) {
    case 'count':
      return rows.count({ where })
    case 'sum':
      return rows.sum('rank', { where })
    case 'max':
      return rows.max('rank', { where })
    case 'groups':
      return rows.groupBy({ by: ['board'], count: true, sum: ['rank'], where })
    case 'first': {
      const { limit: _, ...rest } = options
      return rows.first({ where, ...rest })
    }
    case 'find':
      return rows.find({ where, ...options })
    case 'pair':
      return [await rows.count({ where }), await rows.find({ where, ...options })]
  }
}

const rules = rulesOf(randomOf(Number(process.env.ORACLE_SEED ?? 1)))

/** As `rows(…)` takes them. */
const opened = (rule: Rule) => {
  return ({ rows, user }: any) => {
    const conditions = bound(rule, user?.id ?? null)
    const isForAll = conditions.some((where) => Object.keys(where).length === 0)
    return isForAll || (conditions.length > 0 && rows(...conditions))
  }
}

/** An app whose policies are made up by a seed, and whose one route answers any question. */
export default app({
  controllers: { auth: auth({ signUp: { name: users.name, email: users.email } }), oracle },
  policies: [
    policy('users', { read: opened(rules.users) }),
    policy('boards', { read: opened(rules.boards) }),
    policy('members', { read: opened(rules.members) }),
    policy('notes', {
      read: (given) => (rules.isOpenToEditors && given.user?.role === 'editor') || opened(rules.notes)(given),
      fields: { secret: { read: opened(rules.secret) } },
    }),
  ],
})
