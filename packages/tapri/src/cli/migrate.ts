import { planMigration } from '../app/index.ts'
import type { MigrationStep, Migrations, NamedMigration } from '../data/index.ts'
import { loadApp } from './entry.ts'
import { cliError } from './errors.ts'
import { loadMigrations, writeMigration } from './migration-files.ts'

const usage = 'there is plan, apply, status, write NAME, --allow-loss and --empty'

interface Asked {
  readonly command: string
  readonly name: string
  readonly allowLoss: boolean
  readonly empty: boolean
}

/** `tapri migrate [plan|apply|status|write NAME]`: the way from the database as it is to the models. */
export async function migrate(words: readonly string[]): Promise<void> {
  const asked = read(words)
  const app = await loadApp()
  const files = await loadMigrations()
  await using migration = await planMigration(app)
  const { migrations } = migration
  if (asked.command === 'status') return await tellStatus(migrations, files)
  if (asked.command === 'write') return await write(migrations, files, asked)
  if (files.length > 0) return await withFiles(migrations, files, asked)

  const { steps } = migration.plan
  if (steps.length === 0) return console.log('The database is as the models ask: nothing to do')
  tellSteps(steps)
  if (asked.command === 'plan') return console.log('\nRun "tapri migrate apply" to do this')
  await migration.apply({ allowLoss: asked.allowLoss })
  console.log(`\nDone: ${counted(steps.length, 'step')}`)
}

function read(words: readonly string[]): Asked {
  const [command = 'plan', name = '', ...more] = words.filter((word) => !word.startsWith('--'))
  const flags = words.filter((word) => word.startsWith('--'))
  const isNamed = (command === 'write') === (name !== '')
  const odd = [
    ...(['plan', 'apply', 'status', 'write'].includes(command) && isNamed ? more : [command]),
    ...flags.filter((flag) => flag !== '--allow-loss' && !(flag === '--empty' && command === 'write')),
  ]
  if (odd.length > 0) throw cliError('TAPRI_CLI_USAGE', `Cannot run "tapri migrate ${words.join(' ')}": ${usage}`)
  return { command, name, allowLoss: flags.includes('--allow-loss'), empty: flags.includes('--empty') }
}

/** Files are reviewed before they are run, so what they lose is agreed to. */
async function withFiles(migrations: Migrations, files: readonly NamedMigration[], { command }: Asked): Promise<void> {
  const pending = await migrations.pending(files)
  const beyond = (await migrations.beyond(files)).steps.filter((step) => step.needed)
  if (pending.length === 0 && beyond.length === 0) console.log('All files were applied: nothing to do')
  for (const { name } of pending) console.log(`  ${name}`)
  if (beyond.length > 0) {
    console.log('\nThe models ask for more than the files:')
    tellSteps(beyond)
    throw cliError('TAPRI_CLI_MIGRATION', 'Cannot go on: write a file for this with "tapri migrate write NAME"')
  }
  if (pending.length === 0) return
  if (command === 'plan') return console.log('\nRun "tapri migrate apply" to run these files')
  const { run, adopted } = await migrations.applyFiles(files)
  if (adopted.length > 0) {
    console.log(
      `\nThe database was made without files and has all that they make: ${counted(adopted.length, 'file')} taken as applied`,
    )
  } else console.log(`\nDone: ${counted(run.length, 'file')}`)
}

async function write(migrations: Migrations, files: readonly NamedMigration[], asked: Asked): Promise<void> {
  const { steps } = await migrations.beyond(files)
  const taken = steps.filter((step) => step.needed || asked.allowLoss)
  const losing = taken.filter((step) => step.loses !== undefined)
  if (losing.length > 0 && !asked.allowLoss) {
    tellSteps(losing)
    throw cliError('TAPRI_CLI_MIGRATION', 'Cannot write a file that loses data: add --allow-loss to do it all the same')
  }
  if (taken.length === 0 && !asked.empty) {
    return console.log('The files have all that the models ask for; --empty writes one for your own steps')
  }
  const path = writeMigration(asked.name, migrations.write(taken), files)
  tellSteps(taken)
  console.log(`\nWrote ${path}: read it, add before or after where rows must change, and run "tapri migrate apply"`)
}

async function tellStatus(migrations: Migrations, files: readonly NamedMigration[]): Promise<void> {
  const { applied, pending, gone, missing, extra } = await migrations.status(files)
  for (const { at, file, summaries } of applied) {
    const what = file === undefined ? summaries.join('; ') : `${file.name} (${file.part})`
    console.log(`${new Date(at).toISOString()}  ${what}`)
  }
  tellList('Files to run:', pending)
  tellList('Files that were run and are not here any more:', gone)
  tellList('In the database, but asked for by nothing:', extra)
  if (missing.length === 0) return console.log('\nThe database fits the models')
  console.log('\nThe database does not fit the models, it needs:')
  tellSteps(missing)
  process.exitCode = 1
}

function tellList(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

function tellSteps(steps: readonly MigrationStep[]): void {
  for (const { safe, summary, cost, loses, blocked, hint } of steps) {
    const facts = [cost, loses && `loses ${loses}`, blocked && `blocked: ${blocked}`].filter((fact) => fact !== undefined)
    console.log(`${safe ? '  ' : '! '}${summary}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`)
    if (hint !== undefined) console.log(`    ${hint}`)
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
