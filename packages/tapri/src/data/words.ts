import type { FieldFacts } from '../schema/index.ts'
import type { Column, Model } from './catalog.ts'
import { nameOf, wrong } from './compare.ts'
import { always, type Condition, never, type Search } from './condition.ts'

/** A field that is searched, and the column in which drivers keep its words. */
export interface Searched {
  readonly field: Column
  readonly words: Column
}

const mostWords = 16
/** Letters of a word, as JavaScript counts them; no more are kept. */
export const longestWord = 100
// of different words of one field together: PostgreSQL takes a MiB of them, and a letter has at most three bytes for each unit
const mostLetters = 300_000

// a run of letters, digits and their marks is a word; scripts that write no spaces are taken sign by sign
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]]+/gv
// the accents that any letter can have; the vowel signs of Indic scripts are not among them
const accents = /[\p{Mn}&&\p{Script=Inherited}]/gv

/** The words of a text as search knows them: lower case, without accents, each once. */
export function wordsOf(text: string): string[] {
  // signs like ㎒ and 𝐓 are capitals only when they are spelled out
  const plain = text.toLowerCase().normalize('NFKD').toLowerCase()
  // the last letter of a Greek word is written otherwise, and is the same letter
  const folded = plain.replace(accents, '').replaceAll('ς', 'σ')
  // what is cut off may leave half a sign
  return [...new Set(Array.from(folded.match(word) ?? [], (each) => each.slice(0, longestWord).replace(/[\ud800-\udbff]$/, '')))]
}

/** What a driver keeps of a searched field: its words, with a space around each. */
export function storedWords(value: unknown): string {
  const words = keptWords(value)
  return words.length === 0 ? '' : ` ${words.join(' ')} `
}

/** The words of a field that are searched: of a text that is very long, the first. What is no text has none. */
export function keptWords(value: unknown): string[] {
  const words = typeof value === 'string' ? wordsOf(value) : []
  let letters = 0
  const end = words.findIndex((each) => {
    letters += each.length
    return letters > mostLetters
  })
  return end < 0 ? words : words.slice(0, end)
}

/**
 * How well a row fits a search, in points: a word that begins one of the last field's is worth 1, of the field before it 2,
 * and so on; it is worth as much again when it is the whole of one.
 */
export function rankOf({ fields, words }: Search, row: Readonly<Record<string, unknown>>): number {
  let rank = 0
  for (const { field, weight } of weighed(fields)) {
    const stored = storedWords(row[field.name])
    for (const each of words) {
      if (stored.includes(` ${each}`)) rank += weight
      if (stored.includes(` ${each} `)) rank += weight
    }
  }
  return rank
}

/** The fields of a search with what a word in one of them is worth: those that the model names first count most. */
export function weighed(fields: Search['fields']): (Searched & { readonly weight: number })[] {
  return fields.map((each, at) => ({ ...each, weight: fields.length - at }))
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
  return words.length === 0 ? never : { kind: 'search', model, fields: model.search, words, negated: false }
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
