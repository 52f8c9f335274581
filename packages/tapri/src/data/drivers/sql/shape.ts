import type { Column } from '../../catalog.ts'
import type { Condition, Search } from '../../condition.ts'
import { type Searched, weighed } from '../../words.ts'
import type { Dialect, SqlValue } from './dialect.ts'

/**
 * The shape of a condition: equal for conditions that differ only in their values, which are pushed to
 * `parameters` in the order in which `fragment` places them.
 */
export function shapeOf(dialect: Dialect, condition: Condition, parameters: SqlValue[]): string {
  switch (condition.kind) {
    case 'always':
      return '1'
    case 'never':
      return '0'
    case 'all':
    case 'any': {
      let shape = condition.kind === 'all' ? '&(' : '|('
      for (const part of condition.of) shape += `${shapeOf(dialect, part, parameters)},`
      return `${shape})`
    }
    case 'related':
      return `${mark(condition)}${condition.column.name}>(${shapeOf(dialect, condition.of, parameters)})`
    case 'json': {
      const values = jsonValuesOf(dialect, condition)
      parameters.push(...values)
      return `${mark(condition)}${condition.column.name} json${values.length}`
    }
    case 'search': {
      const { asked, values, others } = searchParts(dialect, condition)
      parameters.push(...values)
      for (const { values } of others.flat()) parameters.push(...values)
      return `${mark(condition)}search${asked.length}/${condition.words.length}(${fieldsOf(condition)})`
    }
    case 'rank': {
      const shape = rankShape(dialect, condition.of, parameters)
      parameters.push(condition.value)
      return `${shape} ${condition.sign}`
    }
    case 'some': {
      const { target, by } = condition
      return `${mark(condition)}${target.name}.${by.name}<(${shapeOf(dialect, condition.of, parameters)})`
    }
    case 'equal':
      if (condition.value === null) return `${mark(condition)}${condition.column.name} null`
      parameters.push(dialect.codec.compared(condition.column, condition.value))
      return `${mark(condition)}${condition.column.name}=`
    case 'order':
      parameters.push(dialect.codec.bound(condition.column, condition.sign, condition.value))
      return `${condition.column.name} ${condition.sign}`
    case 'in': {
      const list = listOf(dialect, condition)
      parameters.push(...list)
      return `${mark(condition)}${condition.column.name} in${list.length}`
    }
    case 'text':
      parameters.push(...dialect.textValues(condition.sign, condition.value))
      return `${mark(condition)}${condition.column.name} ${condition.sign}`
    case 'has':
      parameters.push(dialect.codec.item(condition.column, condition.value))
      return `${mark(condition)}${condition.column.name} has`
  }
}

export function listOf(dialect: Dialect, { column, values }: Condition & { readonly kind: 'in' }): readonly SqlValue[] {
  return dialect.listed(
    column,
    Array.from(values, (value) => dialect.codec.compared(column, value)),
  )
}

export function jsonValuesOf(dialect: Dialect, { path, value }: Condition & { readonly kind: 'json' }): readonly SqlValue[] {
  const json = JSON.stringify(value)
  return dialect.jsonValues?.(path, json) ?? [pathText(path), json]
}

export function pathText(path: readonly (string | number)[]): string {
  return `$${path.map((step) => (typeof step === 'number' ? `[${step}]` : `."${step}"`)).join('')}`
}

/** Whether a column has these words, and the values of the test. */
export interface WordTest {
  readonly column: Column
  readonly values: readonly SqlValue[]
}

/** What of a search the index is asked, with its values, and what is looked for in the columns. An index has no opposite. */
export function searchParts(dialect: Dialect, search: Search) {
  const asked = search.negated ? [] : dialect.words.asked(search.words)
  const values = asked.length === 0 ? [] : dialect.words.values(asked, search)
  const others = search.words.filter((word) => !asked.includes(word))
  const tests = others.map((word) => search.fields.map((field) => wordTest(dialect, field, ` ${word}`)))
  return { asked, values, others: tests }
}

/** The tests that give a row points, and how many each. */
export function rankTests(dialect: Dialect, { fields, words }: Search) {
  return weighed(fields).flatMap((field) =>
    words.flatMap((word) =>
      [` ${word}`, ` ${word} `].map((part) => ({ ...wordTest(dialect, field, part), weight: field.weight })),
    ),
  )
}

/** The shape of a rank, like `shapeOf`. */
export function rankShape(dialect: Dialect, rank: Search, parameters: SqlValue[]): string {
  for (const { values } of rankTests(dialect, rank)) parameters.push(...values)
  return `rank${rank.words.length}(${fieldsOf(rank)})`
}

function wordTest(dialect: Dialect, { words }: Searched, part: string): WordTest {
  return { column: words, values: dialect.textValues('contains', part) }
}

function fieldsOf({ model, fields }: Search): string {
  return model.name + fields.map(({ words }) => `,${words.name}`).join('')
}

function mark(condition: { readonly negated: boolean }): string {
  return condition.negated ? '!' : ''
}
