import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patternsOf } from './pattern-texts.ts'
import { patterns } from './patterns.ts'
import { plant } from './plant.ts'

const room = 'packages/tapri/src/kit'
const shown = (text: string) => patternsOf(text).patterns.map(({ source, flags, line }) => `${line} /${source}/${flags}`)

test('an expression that some text makes slow is found, with such a text', async () => {
  using tree = plant({
    [`${room}/a.ts`]: 'export const one = /^(a+)+$/\nexport const two = /^a+$/\n',
    [`${room}/b.ts`]: "export const three = new RegExp('\\\\s+$', 'g')\n",
  })
  const found = await tree.find(patterns)
  assert.equal(found.length, 2)
  assert.match(found[0] ?? '', /^packages\/tapri\/src\/kit\/a\.ts:1 \/\^\(a\+\)\+\$\/ takes exponential time, as with 'a'/)
  assert.match(found[1] ?? '', /^packages\/tapri\/src\/kit\/b\.ts:1 \/\\s\+\$\/g takes 2nd degree polynomial time/)
})

test('one that is found once is found again: what is remembered is the verdict', async () => {
  for (let run = 0; run < 2; run++) {
    using tree = plant({ [`${room}/a.ts`]: 'export const slow = /(x+x+)+y/\nexport const set = /^[\\p{L}--[a]]+$/v\n' })
    assert.equal((await tree.find(patterns)).length, 1)
  }
})

test('a set of characters is judged as the larger one that it is part of', async () => {
  using tree = plant({ [`${room}/a.ts`]: 'export const slow = /^(?:[[ab]--[b]]|[\\p{L}&&\\p{Lu}])*a*$/v\n' })
  const [found = ''] = await tree.find(patterns)
  assert.match(found, /polynomial|exponential/)
})

test('a text that is made at run time is refused, a copy of an expression is not', async () => {
  using tree = plant({
    [`${room}/a.ts`]:
      'const of = (word: string, other: RegExp) => [new RegExp("^" + word), new RegExp(other.source, other.flags)]\n',
  })
  assert.deepEqual(
    (await tree.find(patterns)).map((line) => line.slice(0, 62)),
    ['packages/tapri/src/kit/a.ts:1 gives RegExp a text that is made'],
  )
})

test('tests, and what stands outside of the rooms, are not judged', async () => {
  using tree = plant({
    [`${room}/a.test.ts`]: 'export const slow = /(a+)+$/\n',
    [`${room}/a.fixture.ts`]: 'export const slow = /(a+)+$/\n',
    'scripts/a.ts': 'export const slow = /(a+)+$/\n',
  })
  assert.deepEqual(await tree.find(patterns), [])
})

test('a slash is told from a division, a comment and a text', () => {
  const text = [
    'const a = b / c / d, e = /e/g.test(f) ? 1 / 2 : x[0] / y() / z',
    '// no /comment/ and /* no /this/ */',
    "if (g) /h[/\\]]i/u.exec('no /j/')",
    'const k = `§{l / m} /no/ §{/n{1,2}/.test(o) ? `§{{ p: /q/ }.p}` : /r/} /no/`',
    'return /s/ && typeof /t/ && (u) / v / w; const x = { y: /=z/ }; x.case / 2 / 3',
  ].join('\n')
  assert.deepEqual(shown(text.replaceAll('§', '$')), [
    '1 /e/g',
    '3 /h[/\\]]i/u',
    '4 /n{1,2}/',
    '4 /q/',
    '4 /r/',
    '5 /s/',
    '5 /t/',
    '5 /=z/',
  ])
})

test('a text that RegExp is called with is read as the string says', () => {
  assert.deepEqual(shown("RegExp('\\\\d+\\u0041', \"i\"); new RegExp(`a|b`); new RegExp(/c/, 'g')"), [
    '1 /\\d+A/i',
    '1 /a|b/',
    '1 /c/',
  ])
  assert.deepEqual(patternsOf("new RegExp('a' + b)").unknown, [{ line: 1 }])
})
