import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { Trouble } from './trouble.mjs'

/** The oldest Node that runs the sources as they are written (`await using`), with a SQLite of 3.51.3 or newer. */
const oldest = [24, 16]

let found

/** The Node at hand when it is new enough, else the one that npm installed. */
export function findNode(folder) {
  const own = process.versions.node
  found ??= isNewEnough(own) ? process.execPath : installedNode(folder)
  if (found !== undefined) return found
  throw new Trouble(
    `Cannot run on Node ${own} (${process.platform}-${process.arch}): install Node ${oldest.join('.')} or newer from https://nodejs.org`,
  )
}

/** Whether a version, like `24.16.0`, can run the house. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/** The optional dependency that carries Node for a platform. */
export function installedNode(folder, platform = process.platform, arch = process.arch) {
  const [system, file] = platform === 'win32' ? ['win', 'node.exe'] : [platform, 'node']
  const path = join(folder, 'node_modules', `node-${system}-${arch}`, 'bin', file)
  if (!existsSync(path)) return undefined
  // a binary for another C library is installed all the same; only running it tells
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return status === 0 && isNewEnough(stdout.trim().slice(1)) ? path : undefined
}

/** Runs a program, passes signals on to it, answers its exit code. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options })
    const release = passSignals(child)
    child.once('error', (cause) => {
      release()
      reject(new Trouble(`Cannot run ${program}: ${cause.message}`))
    })
    child.once('close', (code, signal) => {
      release()
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

function passSignals(child) {
  // Ctrl-C in a terminal reaches the child by itself; a second one would mean "at once" to it
  const onInterrupt = () => process.stdin.isTTY || child.kill('SIGINT')
  const onTerminate = () => child.kill('SIGTERM')
  // npm passes SIGTERM to its shell, which dies of it without telling us: what is left is another parent
  const parent = process.ppid
  const watch = setInterval(() => process.ppid === parent || onOrphaned(), 250)
  const onOrphaned = () => {
    clearInterval(watch)
    onTerminate()
  }
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  return () => {
    clearInterval(watch)
    process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
  }
}
