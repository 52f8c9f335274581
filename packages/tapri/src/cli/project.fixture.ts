import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/tapri.js', import.meta.url))
const installed = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

export const appSource = `
import { tapri } from 'tapri'
import { model, text } from 'tapri/data'
const notes = model({ title: text({ max: 80 }) })
const kit = tapri({ models: { notes } })
const door = kit.controller('/door', { greet: kit.visitor.get('/', () => 'hello') })
export default kit.app({ controllers: { door }, policies: [kit.policy('notes', { read: () => true })] })
`

/** An app in a folder of its own. */
export class Project implements AsyncDisposable {
  readonly folder: string
  /** Environment of the processes besides. */
  readonly settings: Record<string, string> = {}
  readonly #children: ChildProcess[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  /** At once: `dev` would start with half of a file, or twice, where this process is held up between opening and writing it. */
  async write(path: string, content: string): Promise<void> {
    const whole = join(this.folder, path)
    await writeFile(`${whole}~`, content)
    await rename(`${whole}~`, whole)
  }

  run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    return new Promise((done) => {
      const options = { cwd: this.folder, env: this.#environment() }
      const child = execFile(process.execPath, [bin, ...words], options, (_error, out, err) =>
        done({ code: child.exitCode ?? -1, out, err }),
      )
    })
  }

  spawn(...words: string[]): ChildProcess {
    const child = spawn(process.execPath, [bin, ...words], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.push(child)
    return child
  }

  /** A process of which both outputs are read. */
  listen(...words: string[]): Heard {
    const child = spawn(process.execPath, [bin, ...words], { cwd: this.folder, env: this.#environment() })
    this.#children.push(child)
    return new Heard(child)
  }

  #environment() {
    return { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'json', ...this.settings }
  }

  async [Symbol.asyncDispose]() {
    for (const child of this.#children) child.kill('SIGKILL')
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** What a process tells, on either output. */
export class Heard {
  readonly child: ChildProcess
  #text = ''
  #from = 0
  #wake = () => {}

  constructor(child: ChildProcess) {
    this.child = child
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text
        this.#wake()
      })
    }
    child.once('exit', () => this.#wake())
  }

  /** What was told since the last time up to the pattern. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const rest = this.#text.slice(this.#from)
      const end = pattern.exec(rest)
      if (end !== null) {
        this.#from += end.index + end[0].length
        return rest.slice(0, end.index + end[0].length)
      }
      assert.equal(this.child.exitCode, null, `the process ended: ${rest}`)
      assert.doesNotMatch(rest, /mend and save/)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

export async function project(): Promise<Project> {
  const made = new Project(await mkdtemp(join(tmpdir(), 'tapri-cli-')))
  await symlink(installed, join(made.folder, 'node_modules'))
  await mkdir(join(made.folder, 'src'))
  await made.write('package.json', '{ "type": "module" }')
  await made.write('src/app.ts', appSource)
  await made.write('src/index.ts', `import app from './app.ts'\nawait app.start()\n`)
  return made
}

/** The URLs that the app tells while it starts, again and again. */
export async function* urls(child: ChildProcess): AsyncGenerator<string> {
  if (child.stdout === null) return
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Listening on (http:[^\s"]+)/.exec(line)?.[1]
    if (url !== undefined) yield url
  }
}

export async function next(starts: AsyncGenerator<string>): Promise<string> {
  const { value } = await starts.next()
  assert.ok(typeof value === 'string', 'the app ended before it listened')
  return value
}
