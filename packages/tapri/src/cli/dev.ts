import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, relative } from 'node:path'
import { findEntry } from './entry.ts'
import { cliError } from './errors.ts'
import { watchFile, watchSources } from './watch.ts'

/** Editors write a file in several steps; one save should be one start. */
const settleTime = 80

/** `tapri dev`: runs the app's entry in a process of its own and starts it again whenever a file is saved. */
export function dev(): Promise<void> {
  const entry = findEntry()
  let child: ChildProcess | undefined
  let again = false
  let ending = false
  let timer: NodeJS.Timeout | undefined

  const begin = () => {
    again = false
    // through `tapri start`, which tells what is wrong in a sentence
    const running = spawn(process.execPath, [program(), 'start'], {
      stdio: 'inherit',
      env: { ...process.env, NODE_ENV: process.env.NODE_ENV ?? 'development' },
    })
    child = running
    running.on('exit', (code) => {
      child = undefined
      if (ending) return
      if (again) return begin()
      console.log(
        code === 0
          ? 'The app ended; save a file to start it again'
          : `The app ended with code ${code}; mend and save to start it again`,
      )
    })
  }
  const restart = (file: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      console.log(`${file} changed: starting again`)
      if (child === undefined) return begin()
      again = true
      child.kill('SIGTERM')
    }, settleTime)
  }

  begin()
  const ends = [
    watchSources(dirname(entry), (file) => restart(relative(process.cwd(), file))),
    watchFile(process.cwd(), '.env', () => restart('.env')),
  ]
  return new Promise((done) => {
    const end = (signal: NodeJS.Signals) => {
      ending = true
      clearTimeout(timer)
      for (const stop of ends) stop()
      if (child === undefined) return done()
      child.once('exit', () => done())
      child.kill(signal)
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
  })
}

function program(): string {
  const path = process.argv[1]
  if (path !== undefined) return path
  throw cliError('TAPRI_CLI_USAGE', 'Cannot find the program that runs: start it as "tapri dev"')
}
