import type { Column } from '../../catalog.ts'
import type { Condition, Search } from '../../condition.ts'
import type { Dialect } from './dialect.ts'
import { type Fragment, type Operand, sql } from './kysely.ts'
import { jsonValuesOf, listOf, rankTests, searchParts, type WordTest } from './shape.ts'

type Of<Kind extends Condition['kind']> = Condition & { readonly kind: Kind }
const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** The condition of a read, on the row `r`. */
export function readFragment(dialect: Dialect, condition: Condition): Fragment {
  const test = fragment(dialect, condition, 'r')
  const watch = dialect.watch?.(condition)
  if (watch === undefined) return test
  return condition.kind === 'always' ? watch : sql<boolean>`(${watch} and ${test})`
}

/** The condition in SQL, on the row that `alias` names. SQL's third value never decides: what may be null is asked for. */
export function fragment(dialect: Dialect, condition: Condition, alias: string): Fragment {
  switch (condition.kind) {
    case 'always':
    case 'never':
      return dialect.truth(condition.kind === 'always')
    case 'all':
    case 'any':
      return joined(dialect, condition, alias)
    case 'equal':
      return equalFragment(dialect, condition, alias)
    case 'in':
      return orNull(condition, alias, dialect.isIn(ref(condition, alias), condition.column, listOf(dialect, condition)))
    case 'order': {
      const operand = dialect.ordered(ref(condition, alias), condition.column)
      const bound = dialect.codec.bound(condition.column, condition.sign, condition.value)
      return sql<boolean>`${operand} ${sql.raw(signs[condition.sign])} ${bound}`
    }
    case 'text': {
      const values = dialect.textValues(condition.sign, condition.value)
      return orNull(condition, alias, dialect.hasText(ref(condition, alias), condition.sign, values))
    }
    case 'has': {
      const item = dialect.codec.item(condition.column, condition.value)
      return unless(condition.negated, dialect.hasItem(ref(condition, alias), condition.column, item))
    }
    case 'json': {
      const test = dialect.isJson(ref(condition, alias), jsonValuesOf(dialect, condition))
      return unless(condition.negated, test)
    }
    case 'search':
      return searchFragment(dialect, condition, alias)
    case 'rank': {
      const points = rankFragment(dialect, condition.of, alias)
      return sql<boolean>`${points} ${sql.raw(signs[condition.sign])} ${condition.value}`
    }
    case 'related':
      return othersFragment(dialect, condition, alias, 'id', ref(condition, alias))
    case 'some':
      return othersFragment(dialect, condition, alias, condition.by.name, sql.ref(`${alias}.id`))
  }
}

function ref(condition: { readonly column: Column }, alias: string): Operand {
  return sql.ref(`${alias}.${condition.column.name}`)
}

function joined(dialect: Dialect, condition: Of<'all' | 'any'>, alias: string): Fragment {
  const parts = condition.of.map((part) => fragment(dialect, part, alias))
  return sql<boolean>`(${sql.join(parts, sql.raw(condition.kind === 'all' ? ' and ' : ' or '))})`
}

function equalFragment(dialect: Dialect, condition: Of<'equal'>, alias: string): Fragment {
  const { column, value, negated } = condition
  const operand = ref(condition, alias)
  if (value === null) return negated ? sql<boolean>`${operand} is not null` : sql<boolean>`${operand} is null`
  const compared = dialect.codec.compared(column, value)
  if (!negated) return sql<boolean>`${operand} = ${compared}`
  return column.nullable ? dialect.differs(operand, compared) : sql<boolean>`${operand} <> ${compared}`
}

/** Each word in one of the columns. They are null for rows whose words are not there yet. */
function searchFragment(dialect: Dialect, condition: Search, alias: string): Fragment {
  const { asked, values, others } = searchParts(dialect, condition)
  const indexed = asked.length === 0 ? [] : [dialect.words.test(alias, values, condition)]
  const words = others.map((tests) => {
    const ways = tests.map((test) => hasWord(dialect, alias, test))
    return sql`(${sql.join(ways, sql.raw(' or '))})`
  })
  const found = sql<boolean>`(${sql.join([...indexed, ...words], sql.raw(' and '))})`
  return unless(condition.negated, found)
}

/** The points of a row, as `rankOf` of `words.ts` gives them. */
export function rankFragment(dialect: Dialect, rank: Search, alias: string): Operand {
  const points = rankTests(dialect, rank).map((test) => {
    const weight = sql.raw(String(test.weight))
    return sql`case when ${hasWord(dialect, alias, test)} then ${weight} else 0 end`
  })
  return sql`(${sql.join(points, sql.raw(' + '))})`
}

/** Never null. */
function hasWord(dialect: Dialect, alias: string, { column, values }: WordTest): Fragment {
  const operand = sql.ref(`${alias}.${column.name}`)
  return sql<boolean>`(${operand} is not null and ${dialect.hasText(operand, 'contains', values)})`
}

/** Whether there is a row of another model that matches and whose column has the value. */
function othersFragment(
  dialect: Dialect,
  { target, of, negated }: Of<'related' | 'some'>,
  alias: string,
  column: string,
  value: Operand,
): Fragment {
  const inner = `${alias}r`
  const matching = sql`${sql.ref(`${inner}.${column}`)} = ${value} and ${fragment(dialect, of, inner)}`
  const from = sql`${sql.table(target.name)} as ${sql.id(inner)}`
  return unless(negated, sql<boolean>`exists (select 1 from ${from} where ${matching})`)
}

/** For a test that is never null. */
function unless(negated: boolean, test: Fragment): Fragment {
  return negated ? sql<boolean>`not ${test}` : test
}

/** What is negated holds for null too. */
function orNull(condition: { readonly column: Column; readonly negated: boolean }, alias: string, test: Fragment): Fragment {
  if (!condition.negated) return test
  if (!condition.column.nullable) return sql<boolean>`not (${test})`
  return sql<boolean>`(not (${test}) or ${ref(condition, alias)} is null)`
}
