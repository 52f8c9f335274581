import type { MigrationStep } from './state.ts'

const widest = 110

/** The text of a migration file with these steps. */
export function writeFile(steps: readonly MigrationStep[]): string {
  const printed = steps.map((step) => `${commentOf(step)}    ${print(withoutMarks(step.action), 4)},\n`)
  return `import { migration } from 'tapri/data'\n\nexport default migration({\n  steps: [\n${printed.join('')}  ],\n})\n`
}

function commentOf({ summary, loses, hint }: MigrationStep): string {
  const lines = [summary, loses && `loses ${loses}`, hint].filter((line) => line !== undefined)
  return lines.map((line) => `    // ${line}\n`).join('')
}

/** That a table is ours goes without saying here. */
function withoutMarks(action: MigrationStep['action']): unknown {
  if (action.kind !== 'create table') return action
  const { ours: _ours, ...table } = action.table
  return { ...action, table }
}

/** A value as a TypeScript literal, in one line where it fits. */
function print(value: unknown, indent: number): string {
  const short = inline(value)
  if (short.length + indent <= widest && !isNested(value)) return short
  const inner = ' '.repeat(indent + 2)
  const end = `\n${' '.repeat(indent)}`
  if (Array.isArray(value)) return `[\n${value.map((each) => `${inner}${print(each, indent + 2)},`).join('\n')}${end}]`
  return `{\n${entriesOf(value)
    .map(([key, each]) => `${inner}${key}: ${print(each, indent + 2)},`)
    .join('\n')}${end}}`
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  return `{ ${entriesOf(value)
    .map(([key, each]) => `${key}: ${inline(each)}`)
    .join(', ')} }`
}

/** A table is read better column by column. */
function isNested(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((each) => typeof each === 'object')
  return entriesOf(value).some(([key, each]) => key === 'indexes' || (key === 'table' && typeof each === 'object'))
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
