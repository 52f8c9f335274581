// What every command of the house starts with. Plain JavaScript for Node 20 and newer, without dependencies:
// it runs before anything is installed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from './bootstrap/install.mjs'
import { findNode, run } from './bootstrap/node.mjs'
import { Trouble } from './bootstrap/trouble.mjs'

export { Trouble }

/** The folder of the whole repository. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** What is happening, for the person who waits. Goes to stderr: stdout belongs to results. */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Installs what is missing and finds a Node that can run the house; answers its path. */
export async function prepare(folder = root) {
  await install(folder, { say, needsWriting })
  return findNode(folder)
}

/**
 * Runs a script with the Node that can run the house, signals passed on; answers its exit code.
 * `options` are those of `child_process.spawn`.
 */
export function runNode(script, args = [], env = {}, options = {}) {
  return run(findNode(root), [script, ...args], { cwd: root, ...options, env: { ...process.env, ...env } })
}

/** Refuses with one sentence when the folder cannot be written to. */
export function needsWriting(folder) {
  const probe = join(folder, `.write-probe-${process.pid}`)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (cause) {
    throw new Trouble(
      `Cannot write in ${folder} (${cause.code}): give this user the right to write there, or copy the folder to a place of your own`,
    )
  }
}

/** Runs a command's work; a known trouble is one sentence on stderr, never a stack. */
export async function main(work) {
  try {
    process.exitCode = await work()
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    say(error.message)
    process.exitCode = 1
  }
}
