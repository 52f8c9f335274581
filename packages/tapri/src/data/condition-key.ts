import type { Condition } from './condition.ts'

/** One text for conditions that are written alike: the same column, compared with the same value, in the same order. */
export function conditionKey(condition: Condition): string {
  switch (condition.kind) {
    case 'always':
      return '+'
    case 'never':
      return '-'
    case 'all':
      return `&(${condition.of.map(conditionKey).join()})`
    case 'any':
      return `|(${condition.of.map(conditionKey).join()})`
    case 'in':
      return leaf('in', [condition.column.name, condition.negated, [...condition.values].map(keyed).sort()])
    case 'json':
      return leaf('json', [condition.column.name, condition.negated, condition.path, keyed(condition.value)])
    case 'search':
      return leaf('search', [condition.negated, condition.fields.map(({ field }) => field.name), condition.words])
    case 'rank':
      return leaf('rank', [conditionKey(condition.of), condition.sign, condition.value])
    case 'related':
      return leaf('related', [condition.column.name, condition.negated, condition.target.name, conditionKey(condition.of)])
    case 'some':
      return leaf('some', [condition.by.name, condition.negated, condition.target.name, conditionKey(condition.of)])
    case 'order':
      return leaf(condition.sign, [condition.column.name, keyed(condition.value)])
    case 'text':
      return leaf(condition.sign, [condition.column.name, condition.negated, condition.value])
    default:
      return leaf(condition.kind, [condition.column.name, condition.negated, keyed(condition.value)])
  }
}

function leaf(kind: string, parts: readonly unknown[]): string {
  return kind + JSON.stringify(parts)
}

/** As JSON has it, with what JSON has no name for: zero has a sign that no comparison sees, and infinities are not null. */
function keyed(value: string | number | boolean | null): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? `~${value}` : value
}
