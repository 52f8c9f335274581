import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Trouble } from './trouble.mjs'

/** Runs `npm ci` unless what is installed is what package-lock.json asks for. */
export async function install(folder, { say, needsWriting }) {
  const wanted = readLock(join(folder, 'package-lock.json'))
  if (wanted === undefined) throw new Trouble(`Cannot install: ${join(folder, 'package-lock.json')} is missing or is not JSON`)
  // npm writes this record last, so an installation cut short has none
  if (isInstalled(wanted, readLock(join(folder, 'node_modules', '.package-lock.json')))) return
  needsWriting(folder)
  const total = Object.keys(wanted).filter((path) => isPackage(path) && !wanted[path].optional).length
  say(`Installing about ${total} packages (this once; up to a minute) …`)
  await runNpm(folder, { total, say })
  say('Installed.')
}

/** Whether every package that the lock wants is there in its version; optional ones may be left out. */
export function isInstalled(wanted, present) {
  if (present === undefined) return false
  const wantedPaths = Object.keys(wanted).filter(isPackage)
  const agrees = (path) => {
    if (present[path] === undefined) return wanted[path].optional === true
    return present[path].version === wanted[path].version
  }
  return wantedPaths.every(agrees) && Object.keys(present).every((path) => !isPackage(path) || wanted[path] !== undefined)
}

function isPackage(path) {
  return path.includes('node_modules/')
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    // missing or cut short: the same as not there
    return undefined
  }
}

function runNpm(folder, { total, say }) {
  const { program, prefix, options } = findNpm()
  // no package of ours needs an install script, so none may run
  const args = [...prefix, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http']
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const progress = follow(child, { total, say })
    child.once('error', (cause) =>
      reject(new Trouble(`Cannot run npm: ${cause.message}; install Node together with npm from https://nodejs.org`)),
    )
    child.once('close', (code) => {
      progress.end()
      if (code === 0) resolve()
      else reject(new Trouble(`Cannot install the dependencies: npm ci ended with ${code}. Its words:\n${progress.tail()}`))
    })
  })
}

function findNpm() {
  const path = process.env.npm_execpath
  if (path?.endsWith('npm-cli.js')) return { program: process.execPath, prefix: [path], options: {} }
  return { program: 'npm', prefix: [], options: { shell: process.platform === 'win32' } }
}

/** Counts fetched packages on one line of a terminal, or every few seconds elsewhere; keeps npm's other words. */
function follow(child, { total, say }) {
  const words = []
  let fetched = 0
  let rest = ''
  const show = () => `  ${Math.min(fetched, total)} of about ${total} packages`
  const draw = () => (process.stderr.isTTY ? process.stderr.write(`\r${show()}`) : say(show()))
  const timer = setInterval(draw, process.stderr.isTTY ? 200 : 5000)
  const read = (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (/npm http .*\.tgz/.test(line)) fetched++
      else if (line.trim() !== '' && !/^npm (?:http|warn)/.test(line)) words.push(line)
    }
  }
  child.stdout.setEncoding('utf8').on('data', read)
  child.stderr.setEncoding('utf8').on('data', read)
  return {
    end() {
      clearInterval(timer)
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
    },
    // npm says first what is wrong and last where its log is; between them may be a page of help
    tail: () => (words.length > 16 ? [...words.slice(0, 12), '…', ...words.slice(-3)] : words).join('\n'),
  }
}
