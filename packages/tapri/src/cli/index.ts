import { readFileSync } from 'node:fs'
import { cliError } from './errors.ts'
import { start } from './start.ts'
import { tellError } from './tell.ts'

const help = `tapri: the whole backend in one stall

  tapri dev                 run the app and start it again on every save
  tapri start               run the app in production
  tapri routes              list what the app answers, who may ask, and what runs around it
  tapri openapi             print the API's description; --output FILE, --url where the API is
  tapri migrate             show what the models ask of the database
  tapri migrate apply       do it; --allow-loss for steps that lose data
  tapri migrate status      show what was applied when, and what differs
  tapri migrate write NAME  write it as a file in migrations/, to be reviewed and applied
  tapri backup              copy the database and the files, while the app runs; --to FOLDER, --files no, --database no
  tapri restore FOLDER      put a backup in their place, while no app runs
  tapri --version           tell the version

Run it in the app's folder: the app is src/app.ts (or app.ts), its entry src/index.ts (or index.ts).
`

/** Runs one command line, without the program's name; answers the exit code when the command is over.
 * @example await main(['migrate', 'apply']) */
export async function main(words: readonly string[]): Promise<void> {
  try {
    await run(words)
  } catch (error) {
    console.error(tellError(error))
    process.exitCode = 1
  }
}

async function run(words: readonly string[]): Promise<void> {
  const [command, ...rest] = words
  switch (command) {
    case 'dev':
      refuseWords(command, rest)
      return (await import('./dev.ts')).dev()
    case 'start':
      refuseWords(command, rest)
      return start()
    case 'migrate':
      // only this command needs the app's rooms here, and they take a moment to load
      return (await import('./migrate.ts')).migrate(rest)
    case 'routes':
      refuseWords(command, rest)
      return (await import('./routes.ts')).routes()
    case 'openapi':
      return (await import('./openapi.ts')).openapi(rest)
    case 'backup':
      return (await import('./backup.ts')).backup(rest)
    case 'restore':
      return (await import('./restore.ts')).restore(rest)
    case '--version':
    case '-v':
      return console.log(version())
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      return console.log(help)
    default:
      throw cliError(
        'TAPRI_CLI_USAGE',
        `Cannot run "tapri ${command}": there is dev, start, routes, openapi, migrate, backup and restore; "tapri --help" tells more`,
      )
  }
}

function refuseWords(command: string, words: readonly string[]): void {
  if (words.length === 0) return
  throw cliError('TAPRI_CLI_USAGE', `Cannot run "tapri ${command} ${words.join(' ')}": ${command} takes no arguments`)
}

function version(): string {
  // the built package has the same place for it, one folder up from this one's parent
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
}
