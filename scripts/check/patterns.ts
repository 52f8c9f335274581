import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { check } from 'recheck'
import { readHouse } from './house.ts'
import { type Pattern, patternsOf } from './pattern-texts.ts'
import type { Finding, Rule } from './rule.ts'
import { isTest, readSources } from './sources.ts'
import { home } from './tool.ts'

/** No text, however it is made, keeps a regular expression of the rooms busy for longer than its length says. */
export const patterns: Rule = {
  name: 'patterns',
  claim: 'every regular expression takes linear time',
  async check(root) {
    const verdicts = readVerdicts()
    const findings: Promise<readonly Finding[]>[] = []
    for (const { file, text } of readSources(root, [readHouse(root).rooms], /\.[cm]?tsx?$/)) {
      if (isTest(file)) continue
      const found = patternsOf(text)
      for (const { line } of found.unknown) findings.push(Promise.resolve([{ file, line, message: unknownMessage }]))
      for (const pattern of found.patterns) findings.push(faultsOf(file, pattern, verdicts))
    }
    const all = (await Promise.all(findings)).flat()
    keepVerdicts(verdicts)
    return all
  },
}

const unknownMessage =
  'gives RegExp a text that is made at run time, which nobody can judge: write the expression, or copy one by its source'

/** What is wrong with an expression, in a few words; empty where it takes linear time. */
type Verdicts = Map<string, string>

async function faultsOf(file: string, pattern: Pattern, verdicts: Verdicts): Promise<readonly Finding[]> {
  const known = verdicts.get(keyOf(pattern))
  const fault = known ?? (await judge(pattern))
  verdicts.set(keyOf(pattern), fault)
  return fault === '' ? [] : [{ file, line: pattern.line, message: `/${pattern.source}/${pattern.flags} ${fault}` }]
}

async function judge({ source, flags }: Pattern): Promise<string> {
  const readable = flags.includes('v') ? { source: withoutSets(source), flags: flags.replace('v', 'u') } : { source, flags }
  const verdict = await check(readable.source, readable.flags, { timeout: 60_000 })
  if (verdict.status === 'safe') return ''
  if (verdict.status === 'unknown') return `cannot be judged (${verdict.error.kind}): write a simpler one`
  const mayBeGuessed = verdict.checker === 'fuzz' && verdict.complexity.type === 'polynomial'
  if (mayBeGuessed && isQuick(new RegExp(source, flags), verdict.attack.string)) return ''
  return `takes ${verdict.complexity.summary} time, as with ${verdict.attack.pattern.slice(0, 120)}: start it at one place, or let no two of its parts match the same`
}

/** What is found by trying is a guess, now and then a wrong one. Its text has as many signs as cost a second and more if it is right. */
function isQuick(pattern: RegExp, text: string): boolean {
  const begun = performance.now()
  pattern.exec(text)
  return performance.now() - begun < quick
}

/** Milliseconds. */
const quick = 100

/**
 * Sets of characters as recheck can read them, which does not know the flag `v`: what is taken away from a set stays in
 * it, and of an intersection the first part stays. More characters make no expression faster.
 */
function withoutSets(source: string): string {
  const flat = source.replaceAll(/(?:--|&&)(?:\[(?:[^[\]\\]|\\.)*\]|\\[pP]\{[^}]*\}|\\?.)/g, '')
  let plain = flat
  for (let before = ''; plain !== before; ) {
    before = plain
    plain = plain.replace(/\[((?:[^[\]\\]|\\.)*)\[((?:[^[\]\\]|\\.)*)\]/, '[$1$2')
  }
  return plain
}

// Judging all takes seconds, and an expression is as fast tomorrow as it is today
const kept = join(home, 'node_modules', '.cache', 'tapri-patterns.json')

function keyOf({ source, flags }: Pattern): string {
  return `/${source}/${flags}`
}

function readVerdicts(): Verdicts {
  if (!existsSync(kept)) return new Map()
  const { by, verdicts }: { readonly by: string; readonly verdicts: Record<string, string> } = JSON.parse(
    readFileSync(kept, 'utf8'),
  )
  return by === judgeName() ? new Map(Object.entries(verdicts)) : new Map()
}

function keepVerdicts(verdicts: Verdicts): void {
  const sure = [...verdicts].filter(([, fault]) => !fault.startsWith('cannot be judged'))
  mkdirSync(dirname(kept), { recursive: true })
  writeFileSync(kept, JSON.stringify({ by: judgeName(), verdicts: Object.fromEntries(sure) }))
}

/** Another version of the judge, or of this file, judges anew. */
function judgeName(): string {
  const parts = [join(home, 'node_modules/recheck/package.json'), new URL(import.meta.url)].map((path) => readFileSync(path))
  return createHash('sha256').update(Buffer.concat(parts)).digest('hex')
}
