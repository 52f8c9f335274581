// `npm run services` starts the databases and waits for Ctrl-C; `… -- prepare` fetches what has to be fetched once.
// `npm test` calls it with `around` and the arguments of a Node to run while the databases are there.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { prepareAzurite } from './azure.ts'
import { missingVariable } from './find.ts'
import { type Kept, keepServices } from './keep.ts'
import { findProgramOf, prepareData } from './server.ts'
import { isServiceName, Missing, missingLine, type ServiceName, serviceNames, services } from './service.ts'
import { prepareSid } from './sid.ts'
import { databaseTree } from './sid-databases.ts'
import { fileTree } from './sid-files.ts'

// who started us may be killed without a word to us: what is left then is another parent
const parent = process.ppid

const [task, ...rest] = process.argv.slice(2)
if (task === 'prepare') process.exitCode = await prepare()
else if (task === 'around') process.exitCode = await runAround(rest)
else process.exitCode = await stay(process.argv.slice(2))

async function prepare(): Promise<number> {
  const failures: string[] = []
  await attempt(failures, ['mysql', 'mongodb'], () => prepareSid(databaseTree, say))
  await attempt(failures, ['s3', 's3-signed'], () => prepareSid(fileTree, say))
  await attempt(failures, ['azure'], () => prepareAzurite(say))
  for (const name of serviceNames) {
    await attempt(failures, [name], async () => {
      const program = findProgramOf(name)
      await prepareData(name, program)
      say(`${services[name].title} ${program.version} is ready to start`)
    })
  }
  for (const line of new Set(failures)) say(line)
  return failures.length === 0 ? 0 : 1
}

async function attempt(failures: string[], names: readonly ServiceName[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    failures.push(...names.map((name) => missingLine(name, error.message)))
  }
}

async function stay(words: readonly string[]): Promise<number> {
  const unknown = words.find((word) => !isServiceName(word))
  if (unknown !== undefined) {
    say(`Cannot start "${unknown}": name any of ${serviceNames.join(', ')}, or "prepare"`)
    return 1
  }
  const names = words.filter(isServiceName)
  const kept = await keepServices(names.length === 0 ? serviceNames : names)
  sayMissing(kept)
  for (const { name, url } of kept.found) process.stdout.write(`export ${services[name].variable}='${url}'\n`)
  if (kept.found.length === 0) return 1
  say('Running; Ctrl-C stops them')
  const stay = setInterval(() => {}, 60_000)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')])
  clearInterval(stay)
  await kept.close()
  return 0
}

async function runAround(args: readonly string[]): Promise<number> {
  const started = performance.now()
  const kept = await keepServices(serviceNames)
  sayMissing(kept)
  if (kept.missing.length > 0 && process.env.CI === 'true') {
    say('CI=true asks for all of them')
    await kept.close()
    return 1
  }
  const titles = kept.found.map(({ name }) => services[name].title)
  if (titles.length > 0)
    say(`Testing with ${titles.join(', ')} (ready in ${((performance.now() - started) / 1000).toFixed(1)} s)`)
  try {
    return await runNode(args, environment(kept))
  } finally {
    await kept.close()
  }
}

function environment({ found, missing }: Kept): NodeJS.ProcessEnv {
  const urls = found.map(({ name, url }) => [services[name].variable, url])
  const reasons = Object.fromEntries(missing.map(({ name, reason }) => [name, reason]))
  return { ...process.env, ...Object.fromEntries(urls), [missingVariable]: JSON.stringify(reasons) }
}

/** Runs Node, signals passed on, and answers its exit code. */
async function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'inherit', env })
  // Ctrl-C in a terminal reaches it by itself
  const onInterrupt = (): void => void (process.stdin.isTTY || child.kill('SIGINT'))
  const onTerminate = (): void => void child.kill('SIGTERM')
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  const watch = setInterval(() => process.ppid === parent || onTerminate(), 250)
  const [code, signal]: [number | null, NodeJS.Signals | null] = await ended(child)
  clearInterval(watch)
  process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

function ended(child: ReturnType<typeof spawn>): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve([code, signal]))
  })
}

function sayMissing({ missing }: Kept): void {
  for (const { name, reason } of missing) say(missingLine(name, reason))
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
