import fc from 'fast-check'
import { bool, date, float, int, json, list, oneOf, text, time } from '../index.ts'

/** A kind of field, and values of it that databases are known to differ about. */
interface Kind {
  readonly field: () => any
  readonly values: fc.Arbitrary<unknown>
  /** What `has` asks of a list. */
  readonly items?: fc.Arbitrary<unknown>
}

const long = 'long '.repeat(1000)
const pieces = fc.string({ unit: 'grapheme', maxLength: 4 }).filter((each) => !each.includes('\0') && each.isWellFormed())
/** Few enough that values meet: case pairs, accents composed and not, a space at the end, signs of patterns. */
export const texts = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      ...['', ' ', 'a', 'a ', 'A', 'ab', 'b', 'aß', 'ss', 'é', 'e\u0301', 'É', 'ｅ', 'ı', 'i', 'I'],
      ...['🏆', '🏆🏆', '👩‍👩‍👧', '\ue000', '\uffff', '%', '_', '\\', "'", '"', 'a\nb', 'a\r\n', '\t', '\u200b', '京', 'Ж', 'ж'],
    ),
  },
  { weight: 2, arbitrary: pieces },
  { weight: 1, arbitrary: fc.constantFrom(long, `${long}a`, `${long}A`) },
)
const words = fc.constantFrom('tea', 'Te', 'Café', 'cafe\u0301', 'kit', 'ς', 'Σ', '京都', '2nd', "it's", '100%', '', 'a')
const sentences = fc.array(words, { maxLength: 4 }).map((each) => each.join(' '))
const wholes = fc.constantFrom(0, -0, 1, -1, 2, 10, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)
const few = fc.integer({ min: -3, max: 12 })
const reals = fc.oneof(
  fc.constantFrom(0, -0, 0.1, 0.1 + 0.2, 0.3, -1.5, 3, 1e21, 1e300, -1e-300, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 1 / 3),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
// halves of small numbers, whose sums no order of adding changes
const halves = fc.constantFrom(0, 0.5, -1.5, 2, 1024.25)
const earliest = Date.UTC(-4712, 0, 1)
const moments = fc
  .constantFrom(0, 1, -1, 999, 1.7e12, 1.7e12 + 1, -7e13, -62_135_596_800_001, 8.64e15, earliest)
  .map((each) => new Date(each))
const days = fc.constantFrom('2026-01-01', '2025-12-31', '1969-12-31', '0001-01-01', '9999-12-31', '2024-02-29')
const states = fc.constantFrom('draft', 'public', 'Draft')
export const jsonNames = fc.constantFrom('a', 'A', 'b', 'é', "it's", '0', 'a b', 'a.b', '$')
export const jsonLeaves = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  texts,
  fc.constantFrom(0, -0, 1, -1.5, 0.1, 1e300, 2 ** 53 - 1),
)
const jsons: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    jsonLeaves,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(jsonNames, tie('node'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).node

function listOf(field: () => any, items: fc.Arbitrary<unknown>): Kind {
  return { field: () => list(field()), values: fc.array(items, { maxLength: 4 }), items }
}

export const kinds: Readonly<Record<string, Kind>> = {
  word: { field: () => text(), values: texts },
  sentence: { field: () => text(), values: sentences },
  state: { field: () => oneOf(['draft', 'public', 'Draft']), values: states },
  day: { field: () => date(), values: days },
  whole: { field: () => int(), values: wholes },
  few: { field: () => int(), values: few },
  real: { field: () => float(), values: reals },
  half: { field: () => float(), values: halves },
  flag: { field: () => bool(), values: fc.boolean() },
  moment: { field: () => time(), values: moments },
  json: { field: () => json(), values: jsons },
  words: listOf(() => text(), texts),
  wholes: listOf(() => int(), wholes),
  reals: listOf(() => float(), reals),
  moments: listOf(() => time(), moments),
  flags: listOf(() => bool(), fc.boolean()),
}

/** Asks of what was made by `sentence`, and of what was not. */
export const searches = fc
  .array(fc.oneof({ weight: 4, arbitrary: words }, fc.constantFrom('ca', 't', '京', 'ОДОС', '-', ' ')), {
    minLength: 1,
    maxLength: 3,
  })
  .map((each) => each.join(' '))

/** What is stored of a value: -0 is 0, dates are the caller's own. */
export function settled(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (Array.isArray(value)) return value.map(settled)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, settled(each)]))
}
