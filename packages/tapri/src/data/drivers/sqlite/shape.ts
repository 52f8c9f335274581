import type { Column } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import { encodeItem, encodePrimitive } from './codec.ts'
import type { SqlValue } from './connection.ts'
import { type Fragment, sql } from './kysely.ts'

/**
 * The shape of a condition: equal for conditions that differ only in their values, which are pushed to
 * `parameters` in the order in which `fragment` places them.
 */
export function shapeOf(condition: Condition, parameters: SqlValue[]): string {
  switch (condition.kind) {
    case 'always':
      return '1'
    case 'never':
      return '0'
    case 'all':
    case 'any': {
      let shape = condition.kind === 'all' ? '&(' : '|('
      for (const part of condition.of) shape += `${shapeOf(part, parameters)},`
      return `${shape})`
    }
    case 'related':
      return `${mark(condition)}${condition.column.name}>(${shapeOf(condition.of, parameters)})`
    case 'equal':
      if (condition.value === null) return `${mark(condition)}${condition.column.name} null`
      parameters.push(encodePrimitive(condition.value))
      return `${mark(condition)}${condition.column.name}=`
    case 'order':
      parameters.push(condition.value)
      return `${condition.column.name} ${condition.sign}`
    case 'in':
      parameters.push(...valuesOf(condition))
      return `${mark(condition)}${condition.column.name} in${isExact(condition.column) ? condition.values.size : ''}`
    case 'text':
      parameters.push(...textValues(condition))
      return `${mark(condition)}${condition.column.name} ${condition.sign}`
    case 'has':
      parameters.push(encodeItem(condition.column, condition.value))
      return `${mark(condition)}${condition.column.name} has`
  }
}

/** The condition in SQL. Nothing here is negated around a null: SQL's third value never decides. */
export function fragment(condition: Condition, alias: string): Fragment {
  switch (condition.kind) {
    case 'always':
      return sql<boolean>`1`
    case 'never':
      return sql<boolean>`0`
    case 'all':
      return sql<boolean>`(${joined(condition.of, alias, ' and ')})`
    case 'any':
      return sql<boolean>`(${joined(condition.of, alias, ' or ')})`
    case 'equal':
      return equalFragment(condition, alias)
    case 'in':
      return inFragment(condition, alias)
    case 'order':
      return sql<boolean>`${ref(condition, alias)} ${sql.raw(signs[condition.sign])} ${condition.value}`
    case 'text':
      return orNull(condition, alias, textFragment(condition, alias))
    case 'has':
      return hasFragment(condition, alias)
    case 'related':
      return relatedFragment(condition, alias)
  }
}

type Of<Kind extends Condition['kind']> = Condition & { readonly kind: Kind }
const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function mark(condition: { readonly negated: boolean }): string {
  return condition.negated ? '!' : ''
}

function ref(condition: { readonly column: Column }, alias: string) {
  return sql.ref(`${alias}.${condition.column.name}`)
}

function joined(conditions: readonly Condition[], alias: string, by: string) {
  return sql.join(
    conditions.map((part) => fragment(part, alias)),
    sql.raw(by),
  )
}

function equalFragment(condition: Of<'equal'>, alias: string): Fragment {
  const column = ref(condition, alias)
  if (condition.value === null) return condition.negated ? sql<boolean>`${column} is not null` : sql<boolean>`${column} is null`
  const value = encodePrimitive(condition.value)
  if (!condition.negated) return sql<boolean>`${column} = ${value}`
  return condition.column.nullable ? sql<boolean>`${column} is not ${value}` : sql<boolean>`${column} <> ${value}`
}

// One JSON text keeps the statement the same for any number of values. Its numbers are read by another
// routine than SQLite's own, so fractions are passed one by one.
function inFragment(condition: Of<'in'>, alias: string): Fragment {
  const column = ref(condition, alias)
  const values = valuesOf(condition)
  const list = isExact(condition.column) ? sql.join(values) : sql`select value from json_each(${values[0]})`
  if (!condition.negated) return sql<boolean>`${column} in (${list})`
  return orNull(condition, alias, sql<boolean>`${column} not in (${list})`)
}

function valuesOf(condition: Of<'in'>): (string | number | null)[] {
  const values = Array.from(condition.values, encodePrimitive)
  return isExact(condition.column) ? values : [JSON.stringify(values)]
}

function isExact(column: Column): boolean {
  return column.facts.kind === 'float'
}

function textFragment(condition: Of<'text'>, alias: string): Fragment {
  const column = ref(condition, alias)
  const [first, second] = textValues(condition)
  const negated = condition.negated
  if (condition.sign === 'contains') {
    return negated ? sql<boolean>`instr(${column}, ${first}) = 0` : sql<boolean>`instr(${column}, ${first}) > 0`
  }
  const part = condition.sign === 'startsWith' ? sql`substr(${column}, 1, ${first})` : sql`substr(${column}, ${first})`
  return negated ? sql<boolean>`${part} <> ${second}` : sql<boolean>`${part} = ${second}`
}

/** SQLite counts code points, from the end when the number is negative. */
function textValues(condition: Of<'text'>): (string | number)[] {
  if (condition.sign === 'contains') return [condition.value]
  const length = [...condition.value].length
  return [condition.sign === 'startsWith' ? length : -length, condition.value]
}

function hasFragment(condition: Of<'has'>, alias: string): Fragment {
  const item = encodeItem(condition.column, condition.value)
  const found = sql<boolean>`exists (select 1 from json_each(${ref(condition, alias)}) as item where item.value is ${item})`
  return condition.negated ? sql<boolean>`not ${found}` : found
}

function relatedFragment(condition: Of<'related'>, alias: string): Fragment {
  const inner = `${alias}r`
  const id = sql.ref(`${inner}.id`)
  const found = sql<boolean>`exists (select 1 from ${sql.table(condition.target.name)} as ${sql.id(inner)} where ${id} = ${ref(condition, alias)} and ${fragment(condition.of, inner)})`
  return condition.negated ? sql<boolean>`not ${found}` : found
}

/** What is negated holds for null too. */
function orNull(condition: { readonly column: Column; readonly negated: boolean }, alias: string, test: Fragment): Fragment {
  if (!condition.negated || !condition.column.nullable) return test
  return sql<boolean>`(${test} or ${ref(condition, alias)} is null)`
}
