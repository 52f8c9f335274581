import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openForTest, problemIn, visitor } from '../open.fixture.ts'
import { Views } from './views.ts'

const video = { title: '<b>Kites</b>', tags: ['wind', 'river'] }

/** One page in each language: a partial, a list, a value that must be escaped, inside of a layout. */
const languages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ejs: {
    'page.ejs': '<main><%- body %></main>',
    'watch.ejs': "<h1><%= title %></h1><%- include('parts/tags', { tags }) %>",
    'parts/tags.ejs': '<ul><% for (const tag of tags) { %><li><%= tag %></li><% } %></ul>',
  },
  pug: {
    'page.pug': 'main!= body',
    'watch.pug': 'h1= title\ninclude /parts/tags',
    'parts/tags.pug': 'ul\n  each tag in tags\n    li= tag',
  },
  hbs: {
    'page.hbs': '<main>{{{body}}}</main>',
    'watch.hbs': '<h1>{{title}}</h1>{{> tags}}',
    'partials/tags.hbs': '<ul>{{#each tags}}<li>{{this}}</li>{{/each}}</ul>',
  },
  eta: {
    'page.eta': '<main><%~ it.body %></main>',
    'watch.eta': "<h1><%= it.title %></h1><%~ include('/parts/tags', it) %>",
    'parts/tags.eta': '<ul><% for (const tag of it.tags) { %><li><%= tag %></li><% } %></ul>',
  },
}
const shown = '<main><h1>&lt;b&gt;Kites&lt;/b&gt;</h1><ul><li>wind</li><li>river</li></ul></main>'

function folderOf(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-views-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

for (const [language, files] of Object.entries(languages)) {
  test(`${language}: a view is shown in its layout, with its parts, and what it shows is escaped`, async (context) => {
    const from = folderOf(context, files)
    const { url } = await openForTest(
      context,
      {
        watch: visitor.get('/watch', ({ reply }) => reply.view('watch', video)),
        bare: visitor.get('/bare', ({ reply }) => reply.view('watch', video, { layout: false })),
      },
      { views: { from, layout: 'page' } },
    )
    const page = await fetch(`${url}/watch`)
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src/)
    assert.equal(await page.text(), shown)
    assert.equal(`<main>${await (await fetch(`${url}/bare`)).text()}</main>`, shown)
  })

  test(`${language}: a change is seen at once in development, and in production once it starts anew`, async (context) => {
    const from = folderOf(context, files)
    const [fresh, kept] = [new Views({ from }, { cache: false }), new Views({ from }, { cache: true })]
    const before = await fresh.render('watch', video)
    assert.equal(await kept.render('watch', video), before)
    writeFileSync(join(from, `watch.${language}`), language === 'pug' ? 'p new' : '<p>new</p>')
    assert.equal(await fresh.render('watch', video), '<p>new</p>')
    assert.equal(await kept.render('watch', video), before)
  })
}

test('a view that is not there, outside of the folder, or broken is told in the log and not to callers', async (context) => {
  const from = folderOf(context, { 'broken.ejs': '<% if (', 'failing.ejs': '<%= nothing.there %>', 'plain.txt': 'text' })
  const { url, entries } = await openForTest(
    context,
    { show: visitor.get('/show/:name', ({ params, reply }) => reply.view(String((params as { name: string }).name))) },
    { views: { from } },
  )
  for (const name of ['missing', 'plain', 'broken', 'failing', '..%2F..%2Fetc%2Fpasswd', '__proto__']) {
    const problem = await problemIn(await fetch(`${url}/show/${name}`))
    assert.equal(problem.code, 'TAPRI_INTERNAL', name)
  }
  assert.match(JSON.stringify(entries[0]), /TAPRI_HTTP_VIEW/)
  assert.throws(() => new Views({ from: join(from, 'nowhere') }, { cache: true }), { code: 'TAPRI_HTTP_VIEW' })
})
