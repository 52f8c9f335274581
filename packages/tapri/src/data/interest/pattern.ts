import type { Condition } from '../condition.ts'

const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** A condition as people read it, without the values: `author = ? and title contains ?`. */
export function patternOf(condition: Condition): string {
  switch (condition.kind) {
    case 'always':
      return 'every row'
    case 'never':
      return 'no row'
    case 'all':
    case 'any': {
      const parts = [...new Set(condition.of.map((part) => bracketed(part)))]
      return parts.join(condition.kind === 'all' ? ' and ' : ' or ')
    }
    case 'order':
      return `${condition.column.name} ${signs[condition.sign]} ?`
    case 'rank':
      return `rank of the search ${signs[condition.sign]} ?`
    default:
      return condition.negated ? `not (${plain(condition)})` : plain(condition)
  }
}

type Negatable = Extract<Condition, { readonly negated: boolean }>

function plain(condition: Negatable): string {
  switch (condition.kind) {
    case 'equal':
      return `${condition.column.name} = ${condition.value === null ? 'null' : '?'}`
    case 'text':
      return `${condition.column.name} ${condition.sign} ?`
    case 'json':
      return `${condition.column.name} at ${JSON.stringify(condition.path)} = ?`
    case 'search':
      return `search in ${condition.fields.map(({ field }) => field.name).join(', ')}`
    case 'related':
      return `${condition.column.name} (${patternOf(condition.of)})`
    case 'some':
      return `some of ${condition.target.name} by ${condition.by.name} (${patternOf(condition.of)})`
    default:
      return `${condition.column.name} ${condition.kind} ?`
  }
}

/** `and` binds closer than `or`, but nobody should have to know. */
function bracketed(condition: Condition): string {
  return condition.kind === 'any' || condition.kind === 'all' ? `(${patternOf(condition)})` : patternOf(condition)
}
