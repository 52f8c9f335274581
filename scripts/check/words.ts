import { readHouse } from './house.ts'
import type { Finding, Rule } from './rule.ts'
import { lineAt, readSources } from './sources.ts'

/** Words that mean "not ready": `forbidden` in house.json. */
export const words: Rule = {
  name: 'words',
  claim: 'nothing is left for later',
  check(root) {
    const { code, docs, forbidden } = readHouse(root)
    const findings: Finding[] = []
    for (const { file, text } of readSources(root, [...code, ...docs], /\.(?:[cm]?[jt]sx?|css|html|md|sh)$/)) {
      for (const word of forbidden) {
        for (const match of text.matchAll(wholeWord(word))) {
          findings.push({ file, line: lineAt(text, match.index), message: `says "${word}": do it now, or leave it out` })
        }
      }
    }
    return findings
  },
}

function wholeWord(word: string): RegExp {
  const literal = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<![\\w$])${literal}(?![\\w$])`, 'g')
}
