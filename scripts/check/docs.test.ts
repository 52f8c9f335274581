import assert from 'node:assert/strict'
import { test } from 'node:test'
import { docs } from './docs.ts'
import { plant } from './plant.ts'

const block = (code: string, language = 'ts') => `\`\`\`${language}\n${code}\n\`\`\`\n`

test('code of a page that does not compile is found on the line of the page', async () => {
  using tree = plant({ 'docs/guide.md': `# Guide\n\n${block(`const fine = 1`)}\n${block(`const a = 1\nconst b: string = a`)}` })
  const found = await tree.find(docs)
  assert.equal(found.length, 1)
  assert.match(found.join(), /^docs\/guide\.md:9 TS2322/)
})

test('blocks that name their files import each other, and what they import must be there', async () => {
  const model = block(`// src/models/note.ts\nexport const notes = { text: 'text' }`)
  using tree = plant({
    'README.md': `${model}${block(`// src/app.ts\nimport { notes } from './models/note.ts'\nexport default notes.text.length`)}`,
    'docs/other.md': block(`// src/app.ts\nimport { notes } from './models/note.ts'\nexport default notes`),
  })
  const found = await tree.find(docs)
  assert.equal(found.length, 1)
  assert.match(found.join(), /^docs\/other\.md:3 TS2307/)
})

test('a file shown again is its next state, compiled with the others as they were', async () => {
  using tree = plant({
    'docs/guide.md': [
      block(`// a.ts\nexport const a = 1`),
      block(`// b.ts\nimport { a } from './a.ts'\nexport const b: number = a`),
      block(`// a.ts\nexport const a = 'one'`),
    ].join('\n'),
  })
  const found = await tree.find(docs)
  assert.equal(found.length, 1)
  assert.match(found.join(), /^docs\/guide\.md:9 TS2322/)
})

test('unchecked code is refused unless its page is listed', async () => {
  const page = block(`const a: string = 1`, 'ts no-check')
  using tree = plant({ 'docs/listed.md': page, 'docs/other.md': page }, { docsUnchecked: ['docs/listed.md'] })
  const found = await tree.find(docs)
  assert.equal(found.length, 1)
  assert.match(found.join(), /^docs\/other\.md:1 is marked no-check/)
})

test('TypeScript under another name is refused, other languages are left alone', async () => {
  using tree = plant({
    'docs/a.md': `${block('const a: string = 1', 'typescript')}${block('curl localhost', 'sh')}${block('{', 'json')}`,
  })
  assert.deepEqual(await tree.find(docs), ['docs/a.md:1 says "typescript": write ts, so that it is compiled'])
})

test('blocks share no names with each other', async () => {
  using tree = plant({ 'docs/a.md': `${block('const name1 = 1')}${block('const name1 = 2')}` })
  assert.deepEqual(await tree.find(docs), [])
})

test('another framework may be shown as it is written, with decorators', async () => {
  const decorated =
    'function of(_on: object, _name: string, _at: number) {}\nclass Kites {\n  one(@of name: string) {\n    return name\n  }\n}'
  using tree = plant({ 'docs/a.md': block(decorated) })
  assert.deepEqual(await tree.find(docs), [])
})
