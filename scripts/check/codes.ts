import { readHouse } from './house.ts'
import { withoutComments } from './imports.ts'
import type { Finding, Rule } from './rule.ts'
import { isTest, lineAt, readSources } from './sources.ts'

interface Code {
  readonly code: string
  readonly status: string
  readonly file: string
  readonly line: number
}

/** Every error code is in the docs with its status, and the docs know no other. */
export const codes: Rule = {
  name: 'codes',
  claim: 'error codes and their page agree',
  check(root) {
    const house = readHouse(root)
    const declared = declaredCodes(root, house.rooms)
    const told = toldCodes(root, house.errors)
    return [
      ...twice(declared, 'is declared in another table already: one code, one table'),
      ...twice(told, 'is told twice: keep one row'),
      ...declared.flatMap((code) => compare(code, told, house.errors)),
      ...told
        .filter(({ code }) => !declared.some((other) => other.code === code))
        .map(({ code, file, line }) => ({
          file,
          line,
          message: `${code} is in no errorTable: remove the row, or declare the code`,
        })),
    ]
  },
}

function compare({ code, status, file, line }: Code, told: readonly Code[], page: string): Finding[] {
  const row = told.find((other) => other.code === code)
  if (row === undefined)
    return [{ file, line, message: `${code} (${status}) has no row in ${page}: say what happened and what to do` }]
  if (row.status === status) return []
  return [
    {
      file: row.file,
      line: row.line,
      message: `${code} is told with status ${row.status}, ${file} says ${status}: correct the row`,
    },
  ]
}

function twice(all: readonly Code[], message: string): Finding[] {
  return all
    .filter(({ code }, index) => all.findIndex((other) => other.code === code) < index)
    .map(({ code, file, line }) => ({ file, line, message: `${code} ${message}` }))
}

function declaredCodes(root: string, rooms: string): Code[] {
  return readSources(root, [rooms], /\.ts$/)
    .filter(({ file }) => !isTest(file))
    .flatMap(({ file, text }) => {
      const code = withoutComments(text)
      return [...code.matchAll(/errorTable\(\{([^}]*)\}/g)].flatMap((table) =>
        [...(table[1] ?? '').matchAll(/\b(TAPRI_[A-Z0-9_]+)['"]?\s*:\s*(\d+)/g)].map((entry) => ({
          code: entry[1] ?? '',
          status: entry[2] ?? '',
          file,
          line: lineAt(code, table.index + table[0].indexOf(entry[0])),
        })),
      )
    })
}

function toldCodes(root: string, page: string): Code[] {
  return readSources(root, [page], /\.md$/).flatMap(({ file, text }) =>
    [...text.matchAll(/^\|\s*`(TAPRI_[A-Z0-9_]+)`\s*\|\s*(\d+)\s*\|/gm)].map((row) => ({
      code: row[1] ?? '',
      status: row[2] ?? '',
      file,
      line: lineAt(text, row.index),
    })),
  )
}
