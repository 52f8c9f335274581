import { parseEnv } from 'node:util'

export interface Assignment {
  readonly name: string
  readonly value: string
  /** The line that it begins on, from 1. */
  readonly line: number
}
export interface DotEnv {
  readonly assignments: readonly Assignment[]
  /** What is wrong, never quoting the line: it may be half of a secret. */
  readonly broken: readonly { readonly line: number; readonly message: string }[]
}

const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*/

/**
 * Reads the text of a .env file. Node's parser gives the values; it passes over lines that it cannot read,
 * so each assignment is handed to it alone and every other line must be blank or a comment.
 */
export function readDotEnv(text: string): DotEnv {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)
  const assignments: Assignment[] = []
  const broken: { line: number; message: string }[] = []
  for (let index = 0; index < lines.length; index++) {
    const content = lines[index] ?? ''
    const line = index + 1
    if (/^\s*(?:#|$)/.test(content)) continue
    const match = assignment.exec(content)
    const last = match === null ? index : lastLine(lines, index, content.slice(match[0].length))
    if (last === undefined) {
      broken.push({ line, message: 'opens a quote that is never closed' })
      break
    }
    const value = match === null ? undefined : textOf(lines.slice(index, last + 1), match[1] ?? '')
    if (value === undefined) broken.push({ line, message: 'is neither a comment (# …) nor NAME=value' })
    else assignments.push({ name: match?.[1] ?? '', value, line })
    index = last
  }
  return { assignments, broken }
}

/** A quoted value may go over several lines; undefined when its quote is not closed. */
function lastLine(lines: readonly string[], first: number, start: string): number | undefined {
  const quote = start[0]
  if (quote !== '"' && quote !== "'" && quote !== '`') return first
  if (start.includes(quote, 1)) return first
  const rest = lines.slice(first + 1).findIndex((line) => line.includes(quote))
  return rest === -1 ? undefined : first + 1 + rest
}

function textOf(lines: readonly string[], name: string): string | undefined {
  const text = lines.join('\n')
  if (text.includes('\0')) return undefined
  const parsed = parseEnv(text)
  const names = Object.keys(parsed)
  return names.length === 1 && names[0] === name ? parsed[name] : undefined
}
