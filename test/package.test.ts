import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tapri-package-'))

const files = {
  'package.json': JSON.stringify({ name: 'club', private: true, type: 'module' }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'esnext',
      lib: ['esnext', 'dom', 'dom.iterable'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      skipLibCheck: true,
    },
    include: ['src'],
  }),
  'src/app.ts': `import { tapri } from 'tapri'
import { email, model, pick, text } from 'tapri/data'

const users = model({ name: text({ min: 1 }), email: email({ unique: true }) })
const { app, auth, controller, policy, visitor } = tapri({ models: { users } })
const names = controller('/names', { list: visitor.get('/', ({ db }) => db.users.find({ orderBy: 'name' })) })

export default app({
  controllers: { auth: auth({ signUp: pick(users, 'name', 'email') }), names },
  policies: [policy('users', { read: () => true })],
})
`,
  'src/index.ts': `import app from './app.ts'

const { url } = await app.start()
console.log('READY ' + url)
`,
  'src/ask.ts': `import { client } from 'tapri/client'
import type app from './app.ts'

const api = client<typeof app>(process.argv[2] + '/api')
await api.auth.signUp({ name: 'Ann', email: 'ann@club.test', password: 'a long pass phrase' })
const [first] = await api.names.list()
const name: string | undefined = first?.name
console.log(name)
// a part of the client that is loaded when it is first needed
const names = api.names.list.live()
if ((await names.ready).length !== 1) throw new Error('nothing is followed')
names.close()
// @ts-expect-error a name is no number
const wrong: number | undefined = first?.name
void wrong
`,
  'src/slow.ts': `import { subscribe } from 'node:diagnostics_channel'
import { model, openDatabase, text } from 'tapri/data'

let threads = 0
subscribe('worker_threads', () => threads++)
const models = { notes: model({ text: text() }) }
const database = await openDatabase({ models, policies: [], url: 'sqlite:data/slow.db', migrate: 'auto' })
const { notes } = database.systemDb<typeof models>()
await notes.createMany(Array.from({ length: 2000 }, () => ({ text: 'x'.repeat(1000) })))
console.log(await notes.count({ where: { text: { startsWith: 'x' } } }), threads)
await database.close()
`,
}

before(
  () => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    succeed(root, process.execPath, ['scripts/build.mjs'])
    npm(join(root, 'packages', 'tapri', 'dist'), 'pack', '--pack-destination', folder)
    npm(folder, 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${packed()}`)
  },
  { timeout: 300_000 },
)
after(() => rmSync(folder, { recursive: true, force: true }))

test('the package holds what was built, and neither sources nor tests', () => {
  const names = readdirSync(join(folder, 'node_modules', 'tapri'), { recursive: true, encoding: 'utf8' })
  for (const name of ['package.json', 'README.md', 'LICENSE', 'bin/tapri.js', 'lib/app/index.js', 'lib/app/index.d.ts']) {
    assert.ok(names.includes(name), `${name} is there`)
  }
  assert.deepEqual(
    names.filter((name) => /\.test\.|\.fixture\.|(?<!\.d)\.ts$/.test(name)),
    [],
  )
})

test('an app that installed the package type-checks against it', { timeout: 120_000 }, () => {
  succeed(folder, process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'])
})

test('an app that installed the package runs, answers its typed client, and stops', { timeout: 120_000 }, async (context) => {
  assert.match(succeed(folder, process.execPath, [bin(), '--version']), /^0\.1\.0\n$/)
  succeed(folder, process.execPath, [bin(), 'migrate', 'apply'])
  const server = spawn(process.execPath, [bin(), 'start'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  context.after(() => server.kill('SIGKILL'))
  const ended = once(server, 'close')
  let output = ''
  server.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  while (!/READY \S+\n/.test(output)) {
    const isOver = await Promise.race([once(server.stdout, 'data').then(() => false), ended.then(() => true)])
    assert.ok(!isOver, 'the app is still there')
  }
  const [, url = ''] = /READY (\S+)\n/.exec(output) ?? []
  assert.equal(succeed(folder, process.execPath, ['src/ask.ts', url]), 'Ann\n')
  server.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

test('the workers that read for SQLite are found in the package', () => {
  assert.equal(succeed(folder, process.execPath, ['src/slow.ts']), '2000 1\n')
})

function bin(): string {
  return join(folder, 'node_modules', 'tapri', 'bin', 'tapri.js')
}

function packed(): string {
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  assert.ok(name !== undefined, 'npm pack made a package')
  return name
}

function npm(cwd: string, ...args: readonly string[]): string {
  const path = process.env.npm_execpath
  return path?.endsWith('npm-cli.js') ? succeed(cwd, process.execPath, [path, ...args]) : succeed(cwd, 'npm', args)
}

/** Runs a program to its end, which must be good; gives what it printed. */
function succeed(cwd: string, program: string, args: readonly string[]): string {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${error ?? ''}${stdout}${stderr}`)
  return stdout
}
