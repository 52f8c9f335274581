import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { appSource, next, project, urls } from './project.fixture.ts'

test('start asks for a migration first, and runs the app once it is made', async () => {
  await using made = await project()
  const refused = await made.run('start')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /tapri migrate/)
  assert.doesNotMatch(refused.err, /\n\s+at /)

  const planned = await made.run('migrate')
  assert.match(planned.out, /notes/)
  assert.equal((await made.run('migrate', 'apply')).code, 0)
  assert.match((await made.run('migrate')).out, /nothing to do/)

  const child = made.spawn('start')
  const url = await next(urls(child))
  assert.equal(await (await fetch(`${url}/api/door`)).text(), 'hello')
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('a migration that loses data is made only when that is said', async () => {
  await using made = await project()
  await made.run('migrate', 'apply')
  await made.write('src/app.ts', appSource.replace('title: text({ max: 80 })', "name: text({ max: 80, default: '' })"))
  const refused = await made.run('migrate', 'apply')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /title.*--allow-loss/s)
  assert.equal((await made.run('migrate', 'apply', '--allow-loss')).code, 0)
})

test('dev starts the app again when a file is saved, and takes the new model by itself', async () => {
  await using made = await project()
  const child = made.spawn('dev')
  const starts = urls(child)
  assert.equal(await (await fetch(`${await next(starts)}/api/door`)).text(), 'hello')

  const changed = appSource
    .replace("'hello'", "'hello again'")
    .replace('max: 80', 'max: 90')
    .replace('})\nconst kit', ', done: bool({ default: false }) })\nconst kit')
  await made.write('src/app.ts', changed.replace('model, text', 'bool, model, text'))
  assert.equal(await (await fetch(`${await next(starts)}/api/door`)).text(), 'hello again')

  // many editors save by putting a new file in the place of the old one
  for (const word of ['and', 'again']) {
    await made.write(
      'src/app.ts~',
      changed.replace("'hello again'", `'hello ${word}'`).replace('model, text', 'bool, model, text'),
    )
    await rename(join(made.folder, 'src/app.ts~'), join(made.folder, 'src/app.ts'))
    assert.equal(await (await fetch(`${await next(starts)}/api/door`)).text(), `hello ${word}`)
  }
  await made.write('.env', 'HOST=127.0.0.1')
  await next(starts)
  child.kill('SIGINT')
  await once(child, 'exit')
})

test('dev waits for the mending of an app that cannot start', async () => {
  await using made = await project()
  await made.write('src/app.ts', 'export default nonsense(')
  const child = made.spawn('dev')
  const starts = urls(child)
  assert.ok(child.stdout)
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('mend and save')) break
  await made.write('src/app.ts', appSource)
  await next(starts)
  child.kill('SIGTERM')
  await once(child, 'exit')
})

test('what cannot be run is told in one sentence', async () => {
  await using made = await project()
  const cases: [string[], RegExp][] = [
    [['bake'], /Cannot run "tapri bake"/],
    [['start', 'now'], /takes no arguments/],
    [['migrate', 'everything'], /there is plan, apply/],
  ]
  for (const [words, sentence] of cases) {
    const { code, err } = await made.run(...words)
    assert.equal(code, 1)
    assert.match(err, sentence)
  }
  await rm(join(made.folder, 'src'), { recursive: true })
  for (const command of ['start', 'dev', 'migrate']) assert.match((await made.run(command)).err, /TAPRI_CLI_NO_APP/)
})

test('code that cannot be loaded is told by its place, without what happens inside Node', async () => {
  await using made = await project()
  const cases: [string, RegExp][] = [
    ["import './policy'", /^Cannot find "src\/policy", imported from src\/app.ts: write its ending too, policy\.ts\n$/],
    ["import './nowhere.ts'", /^Cannot find "src\/nowhere\.ts", imported from src\/app\.ts\n$/],
    ["import 'nowhere'", /^Cannot find the package "nowhere", imported from src\/app\.ts: npm install nowhere\n$/],
    ["import { modle } from 'tapri/data'", /^src\/app\.ts:1\n.*SyntaxError: .*'modle'/s],
    ['const = 1', /^src\/app\.ts:1\n.*SyntaxError/s],
    ['null.x', /^TypeError: .*\n {4}at src\/app\.ts:1:6\n$/],
  ]
  await made.write('src/policy.ts', '')
  for (const [line, told] of cases) {
    await made.write('src/app.ts', `${line}\n${appSource}`)
    const { code, err } = await made.run('start')
    assert.equal(code, 1)
    assert.match(err, told)
    assert.doesNotMatch(err, /node:internal/)
  }
})

test('a broken .env is told by its line, before anything is opened', async () => {
  await using made = await project()
  await made.write('.env', 'LOG_LEVEL=info\nthis is no setting\n')
  const { code, err } = await made.run('start')
  assert.equal(code, 1)
  assert.match(err, /\.env line 2/)
  await assert.rejects(readFile(join(made.folder, 'data/app.db')))
})

test('it tells its version and its help', async () => {
  await using made = await project()
  assert.match((await made.run('--version')).out, /^\d+\.\d+\.\d+\n$/)
  assert.match((await made.run()).out, /tapri dev/)
})

test('routes lists what the app answers, who may ask, and what runs around it', async () => {
  await using made = await project()
  const limited = appSource
    .replace("import { tapri } from 'tapri'", "import { rateLimit, tapri } from 'tapri'")
    .replace('visitor.get(', "visitor.use(rateLimit({ requests: 5, per: '1m' })).get(")
  await made.write('src/app.ts', limited)
  const { out, code } = await made.run('routes')
  assert.equal(code, 0)
  assert.match(out, /^GET +\/api\/door +\S+ +visitor +rateLimit$/m)
})

test('openapi prints the description of the API, or writes it to a file, the same each time', async () => {
  await using made = await project()
  const { out, code } = await made.run('openapi')
  assert.equal(code, 0)
  assert.equal(JSON.parse(out).paths['/api/door'].get.operationId, 'door.greet')
  await made.run('openapi', '--output', 'api.json')
  assert.equal(await readFile(join(made.folder, 'api.json'), 'utf8'), out)

  const placed = await made.run('openapi', '--url', 'https://notes.example')
  assert.deepEqual(JSON.parse(placed.out).servers, [{ url: 'https://notes.example' }])
  assert.match((await made.run('openapi', 'api.json')).err, /"api\.json" is not known here/)
})
