import type { FieldFacts } from '../schema/index.ts'

/** What a setting must be, in words: `a whole number from 0 to 65535`. */
export function expectation(facts: FieldFacts): string {
  switch (facts.kind) {
    case 'text':
      return `text of ${facts.min} to ${facts.max} characters${facts.match === undefined ? '' : ` that matches ${facts.match}`}`
    case 'email':
      return 'an e-mail address'
    case 'url':
      return 'an absolute http or https URL'
    case 'int':
      return `a whole number${range(facts, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)}`
    case 'float':
      return `a number${range(facts, -Number.MAX_VALUE, Number.MAX_VALUE)}`
    case 'decimal':
      return `a decimal with at most ${facts.scale} digits after the point`
    case 'bool':
      return 'true or false'
    case 'time':
      return 'a time with its zone, like "2026-11-21T09:30:00Z"'
    case 'date':
      return 'a day, like "2026-11-21"'
    case 'json':
      return 'JSON'
    case 'oneOf':
      return `one of ${facts.values.map((value) => `"${value}"`).join(', ')}`
    case 'list':
      return `${facts.min} to ${facts.max} values with commas between them, each ${expectation(facts.of)}`
    case 'id':
      return `the id of a row of ${facts.of}`
    case 'belongsTo':
      return `the id of a row of ${facts.target}`
    case 'file':
    case 'hasMany':
    case 'manyToMany':
      return 'something that a setting cannot hold: take it out of the settings'
  }
}

function range({ min, max }: { min: number; max: number }, lowest: number, highest: number): string {
  if (min > lowest && max < highest) return ` from ${min} to ${max}`
  if (min > lowest) return ` of at least ${min}`
  return max < highest ? ` of at most ${max}` : ''
}
