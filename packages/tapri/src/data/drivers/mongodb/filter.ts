import { asksOthers, type Condition } from '../../condition.ts'
import { weighed } from '../../words.ts'
import { type Codec, fieldOf } from './codec.ts'
import { pathKey, valueKey } from './json.ts'

export type Stage = Readonly<Record<string, unknown>>
export type Filter = Readonly<Record<string, unknown>>

type Of<Kind extends Condition['kind']> = Condition & { readonly kind: Kind }
/** Takes the place of a condition on other rows. */
type Others = (condition: Of<'related' | 'some'>) => Filter

const nothing: Filter = { _id: { $in: [] } }

/** The stages that leave the documents which match. */
export function matching(codec: Codec, condition: Condition): Stage[] {
  if (condition.kind === 'always') return []
  if (!asksOthers(condition)) return [{ $match: filterOf(codec, condition, refuse) }]
  const parts = condition.kind === 'all' ? condition.of : [condition]
  // what a document says by itself comes first: other collections are asked about fewer
  const own = parts.filter((part) => !asksOthers(part)).map((part) => filterOf(codec, part, refuse))
  const lookups: Stage[] = []
  const ask: Others = (asking) => {
    const as = `tapri_${lookups.length}`
    lookups.push({ $lookup: { ...lookupOf(codec, asking), as } })
    return asking.negated ? { [as]: { $eq: [] } } : { [as]: { $ne: [] } }
  }
  const late = parts.filter(asksOthers).map((part) => filterOf(codec, part, ask))
  return [...(own.length > 0 ? [{ $match: { $and: own } }] : []), ...lookups, { $match: { $and: late } }]
}

/** The first of the rows that are asked, if there is one. */
function lookupOf(codec: Codec, condition: Of<'related' | 'some'>): Stage {
  const [localField, foreignField] =
    condition.kind === 'related' ? [fieldOf(condition.column), '_id'] : ['_id', fieldOf(condition.by)]
  const pipeline = [...matching(codec, condition.of), { $limit: 1 }, { $project: { _id: 1 } }]
  return { from: condition.target.name, localField, foreignField, pipeline }
}

function filterOf(codec: Codec, condition: Condition, others: Others): Filter {
  switch (condition.kind) {
    case 'always':
      return {}
    case 'never':
      return nothing
    case 'all':
      return { $and: condition.of.map((part) => filterOf(codec, part, others)) }
    case 'any':
      return { $or: condition.of.map((part) => filterOf(codec, part, others)) }
    case 'equal':
      return equalFilter(codec, condition)
    case 'in': {
      const values = Array.from(condition.values, (value) => codec.compared(condition.column, value))
      return { [fieldOf(condition.column)]: condition.negated ? { $nin: values } : { $in: values } }
    }
    case 'order':
      return orderFilter(codec, condition)
    case 'text':
      return textFilter(condition)
    case 'has': {
      const item = { $elemMatch: { $eq: codec.item(condition.column, condition.value) } }
      return { [condition.column.name]: condition.negated ? { $not: item } : item }
    }
    case 'json':
      return jsonFilter(condition)
    case 'search':
      return searchFilter(condition)
    case 'rank':
      return { $expr: { [`$${condition.sign}`]: [rankOf(condition.of), condition.value] } }
    case 'related':
    case 'some':
      return others(condition)
  }
}

function equalFilter(codec: Codec, { column, value, negated }: Of<'equal'>): Filter {
  // to ask a list for null is to ask its items
  if (column.facts.kind === 'list') return { [column.name]: negated ? { $type: 'array' } : { $not: { $type: 'array' } } }
  const compared = codec.compared(column, value)
  return { [fieldOf(column)]: negated ? { $ne: compared } : { $eq: compared } }
}

/** MongoDB orders values of one kind only, so that null is in no order. */
function orderFilter(codec: Codec, { column, sign, value }: Of<'order'>): Filter {
  const field = fieldOf(column)
  if (column.comparison === 'boolean') {
    const holding = [false, true].filter((each) => isOrdered(Number(each), sign, Number(value)))
    return { [field]: { $in: holding } }
  }
  return { [field]: { [`$${sign}`]: codec.compared(column, value) } }
}

function isOrdered(one: number, sign: Of<'order'>['sign'], other: number): boolean {
  if (sign === 'gt') return one > other
  if (sign === 'gte') return one >= other
  return sign === 'lt' ? one < other : one <= other
}

/** The longest pattern that the server takes is 32,764 bytes long. */
const longestPattern = 30_000

function textFilter({ column, sign, value, negated }: Of<'text'>): Filter {
  const field = fieldOf(column)
  const pattern = sign === 'startsWith' ? `^${literal(value)}` : sign === 'endsWith' ? `${literal(value)}\\z` : literal(value)
  if (Buffer.byteLength(pattern) > longestPattern) return longTextFilter({ column, sign, value, negated })
  const test = { $regex: pattern, $options: 's' }
  return { [field]: negated ? { $not: test } : test }
}

function longTextFilter({ column, sign, value, negated }: Pick<Of<'text'>, 'column' | 'sign' | 'value' | 'negated'>): Filter {
  const text = { $ifNull: [`$${fieldOf(column)}`, ''] }
  const length = Buffer.byteLength(value)
  const bounds = {
    contains: [0],
    startsWith: [0, length],
    endsWith: [{ $max: [0, { $subtract: [{ $strLenBytes: text }, length] }] }],
  }
  const place = { $indexOfBytes: [text, { $literal: value }, ...bounds[sign]] }
  return { $expr: negated ? { $lt: [place, 0] } : { $gte: [place, 0] } }
}

/** The text as a pattern that finds nothing else. */
export function literal(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, (sign) => ((sign.codePointAt(0) ?? 0) < 128 ? `\\${sign}` : sign))
}

function jsonFilter({ column, path, value, negated }: Of<'json'>): Filter {
  const field = `${column.name}.at`
  // what is null or not there has no key
  if (value === null) return { [field]: negated ? pathKey(path) : { $ne: pathKey(path) } }
  const key = valueKey(path, value)
  return { [field]: negated ? { $ne: key } : key }
}

/** Each word begins one of the words of one of the fields. */
function searchFilter({ fields, words, negated }: Of<'search'>): Filter {
  const found = words.map((word) => ({ $or: fields.map(({ words: column }) => ({ [column.name]: begins(word) })) }))
  return negated ? { $nor: [{ $and: found }] } : { $and: found }
}

function begins(word: string): Filter {
  return { $regex: `^${literal(word)}` }
}

/** The points of a document, as `rankOf` of `words.ts` gives them. */
export function rankOf({ fields, words }: Of<'search'>): Stage {
  const points = weighed(fields).flatMap(({ words: column, weight }) => {
    const kept = { $ifNull: [`$${column.name}`, []] }
    return words.flatMap((word) => [
      { $cond: [{ $gt: [countOf(kept, word), 0] }, weight, 0] },
      { $cond: [{ $in: [{ $literal: word }, kept] }, weight, 0] },
    ])
  })
  return { $add: points }
}

function countOf(kept: Stage, word: string): Stage {
  const isBegun = { $eq: [{ $indexOfBytes: ['$$this', { $literal: word }] }, 0] }
  return { $size: { $filter: { input: kept, cond: isBegun } } }
}

function refuse(): never {
  throw new TypeError('A condition that asks other rows was taken for one that does not')
}
