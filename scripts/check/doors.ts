import { readHouse } from './house.ts'
import { withoutComments } from './imports.ts'
import type { Finding, Rule } from './rule.ts'
import { lineAt, readSources } from './sources.ts'

/** A door names what it hands out: with `export *` nobody sees what became public. */
export const doors: Rule = {
  name: 'doors',
  claim: 'doors export by name',
  check(root) {
    return readSources(root, [readHouse(root).rooms], /\/index\.ts$/).flatMap(({ file, text }) => {
      const code = withoutComments(text)
      return [...code.matchAll(/^[ \t]*export\s+(?:type\s+)?\*/gm)].map(
        (match): Finding => ({
          file,
          line: lineAt(code, match.index),
          message: 'exports everything with `export *`: name each export',
        }),
      )
    })
  },
}
