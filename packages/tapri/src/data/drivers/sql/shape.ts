import type { Condition } from '../../condition.ts'
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
      const tests = searchTests(dialect, condition)
      for (const { values } of tests) parameters.push(...values)
      return `${mark(condition)}search${condition.words.length}(${condition.fields.map(({ words }) => words.name).join()})`
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

/** The values of each word in each column of words, word by word, in the order in which `fragment` tests them. */
export function searchTests(dialect: Dialect, { fields, words }: Condition & { readonly kind: 'search' }) {
  return words.flatMap((word) =>
    fields.map(({ words: column }) => ({ word, column, values: dialect.textValues('contains', ` ${word}`) })),
  )
}

function mark(condition: { readonly negated: boolean }): string {
  return condition.negated ? '!' : ''
}
