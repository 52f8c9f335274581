import type { FieldFacts } from '../schema/index.ts'
import type { Column, Model } from './catalog.ts'
import { nameOf, wrong } from './compare.ts'
import { always, type Condition, never } from './condition.ts'

/** A field that is searched, and the column in which drivers keep its words. */
export interface Searched {
  readonly field: Column
  readonly words: Column
}

const mostWords = 16
const longestWord = 100

// a run of letters, digits and their marks is a word; scripts that write no spaces are taken sign by sign
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]]+/gv
// the accents that any letter can have; the vowel signs of Indic scripts are not among them
const accents = /[\p{Mn}&&\p{Script=Inherited}]/gv

/** The words of a text as search knows them: lower case, without accents, each once. */
export function wordsOf(text: string): string[] {
  // the last letter of a Greek word is written otherwise, and is the same letter
  const folded = text.toLowerCase().normalize('NFKD').replace(accents, '').replaceAll('ς', 'σ')
  return [...new Set(Array.from(folded.match(word) ?? [], (each) => each.slice(0, longestWord)))]
}

/** What a driver keeps of a searched field: its words, with a space before each. */
export function storedWords(value: unknown): string {
  return typeof value === 'string'
    ? wordsOf(value)
        .map((each) => ` ${each}`)
        .join('')
    : ''
}

/** How many pairs of a word and a field there are in which the word begins one of the field's. */
export function rankOf(words: readonly string[], texts: readonly unknown[]): number {
  let rank = 0
  for (const text of texts) {
    const stored = storedWords(text)
    for (const each of words) if (stored.includes(` ${each}`)) rank++
  }
  return rank
}

/** The rows that have every word of the text, or one that it begins, in one of the searched fields; every row for a
 * text that is blank. */
export function compileSearch(model: Model, text: unknown): Condition {
  if (text === undefined) return always
  if (typeof text !== 'string') throw wrong(model, `"search" must be text, not ${nameOf(text)}`)
  if (model.search.length === 0) throw wrong(model, 'it has no search: name the fields in the options of the model')
  if (text.trim() === '') return always
  const words = wordsOf(text).slice(0, mostWords)
  // signs alone are in no words
  return words.length === 0 ? never : { kind: 'search', fields: model.search, words, negated: false }
}

const searchable: ReadonlySet<string> = new Set(['text', 'email', 'url', 'oneOf'])

/** Why a field cannot be searched; undefined when it can. */
export function whyNotSearched(facts: FieldFacts | undefined): string | undefined {
  if (facts === undefined) return 'which is not one of its fields'
  if (facts.guarded) return 'which is guarded: searching would tell what it holds'
  if (facts.private) return 'which is private: searching would tell what it holds'
  return searchable.has(facts.kind) ? undefined : 'which is not a text'
}

const prefix = 'tapri_words_'

/** The column of the words of a field. Null until they have been put there. */
export function wordsColumn(name: string, was: readonly string[] = []): Column {
  const facts = {
    kind: 'text',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    trim: false,
    optional: true,
    private: true,
    unique: false,
    was: was.map((each) => `${prefix}${each}`),
  } as const
  return { name: `${prefix}${name}`, facts, nullable: true, private: true, guarded: false, comparison: 'text' }
}
