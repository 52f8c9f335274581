import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Block, blocksOf } from '../scripts/check/docs-blocks.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(join(root, 'docs', 'tutorial.md'), 'utf8')
const address = 'http://localhost:3000'
const hasCurl = spawnSync('curl', ['--version']).status === 0 && spawnSync('bash', ['-c', 'true']).status === 0
const skip = hasCurl ? false : 'needs bash and curl: apt-get install curl'

const folder = mkdtempSync(join(tmpdir(), 'tapri-tutorial-'))
const environment = {
  ...process.env,
  NODE_TEST_CONTEXT: undefined,
  // the page says node, and means the one that runs this
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
}
const children: ChildProcess[] = []
let origin = address

before(async () => {
  origin = `http://localhost:${await freePort()}`
  for (const { name, code } of blocksOf(page)) {
    if (name === undefined) continue
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), code.replaceAll(address, origin))
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'notes', type: 'module' }))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
})
after(() => {
  // a test that ran out of time has left its own behind
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

test('the commands of the tutorial give what it shows, and its watcher sees a new note', { skip, timeout: 60_000 }, async () => {
  const server = start([join(root, 'packages', 'tapri', 'bin', 'tapri.js'), 'dev'], { PORT: new URL(origin).port })
  try {
    await server.says(new URL(origin).port)
    const steps = askingSteps()
    const watching = steps.findIndex(({ command }) => command.includes('Wait for wind'))
    assert.ok(watching > 0 && steps.length > 6, 'the page has its steps')

    const shell = startShell()
    for (const step of steps.slice(0, watching)) await follow(shell, step)
    const watcher = start(['play/watch.ts'])
    try {
      await watcher.says('Buy string for the kite')
      for (const step of steps.slice(watching)) await follow(shell, step)
      await watcher.says('Wait for wind · Buy string for the kite')
    } finally {
      await watcher.end('SIGKILL')
      shell.end()
    }
  } finally {
    assert.equal(await server.end('SIGTERM'), 0)
  }
})

test('the tests of the tutorial pass', { timeout: 60_000 }, () => {
  const { status, stdout } = spawnSync(process.execPath, ['--test'], { cwd: folder, env: environment, encoding: 'utf8' })
  assert.equal(status, 0, stdout)
  assert.match(stdout, /tests 2\n/)
})

interface Step {
  readonly command: string
  /** What the page shows as the answer. */
  readonly answer: string | undefined
}

/** The commands that ask the running app, each with the answer that the page shows below it. */
function askingSteps(): Step[] {
  const blocks = blocksOf(page)
  return blocks.flatMap((block, index) => {
    if (block.language !== 'sh' || !block.code.includes(address)) return []
    return [{ command: block.code.replaceAll(address, origin), answer: answerOf(blocks[index + 1]) }]
  })
}

function answerOf(next: Block | undefined): string | undefined {
  return next?.language === 'json' ? next.code : undefined
}

async function follow(shell: Shell, { command, answer }: Step): Promise<void> {
  const given = await shell.run(command)
  if (answer === undefined) return
  assert.deepEqual(comparable(given), comparable(answer), command)
}

/** The JSON with what differs from run to run taken out. */
function comparable(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'string') return value
    return value.replace(/^[0-9a-f]{8}-[0-9a-f-]{27}$/, '<id>').replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, '<time>')
  })
}

type Shell = ReturnType<typeof startShell>

/** One shell for all steps, so that a variable set in one is there in the next. */
function startShell() {
  const shell = spawn('bash', [], { cwd: folder, env: environment, stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(shell)
  const marker = '--- end of step ---'
  let output = ''
  shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  return {
    async run(command: string): Promise<string> {
      shell.stdin.write(`${command}\necho; echo '${marker}'\n`)
      while (!output.includes(marker)) await once(shell.stdout, 'data')
      const [given = '', ...rest] = output.split(`${marker}\n`)
      output = rest.join(`${marker}\n`)
      return given
    },
    end: () => shell.stdin.end(),
  }
}

/** A program of the tutorial, whose words can be waited for. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const ended = once(child, 'close')
  let output = ''
  let isOver = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      child.emit('words')
    })
  }
  ended.then(() => {
    isOver = true
    child.emit('words')
  })
  return {
    async says(words: string): Promise<void> {
      while (!output.includes(words)) {
        assert.ok(!isOver, `${args.join(' ')} ended before it said "${words}":\n${output}`)
        await once(child, 'words')
      }
    },
    async end(signal: NodeJS.Signals): Promise<number | null> {
      child.kill(signal)
      const [code]: (number | null)[] = await ended
      return code ?? null
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(typeof bound === 'object' && bound !== null)
  return bound.port
}
