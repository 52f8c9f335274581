import { readHouse } from './house.ts'
import type { Finding, Rule } from './rule.ts'
import { isTest, readSources } from './sources.ts'

/** One idea per file: a long file holds several. */
export const lines: Rule = {
  name: 'lines',
  claim: 'no file is too long',
  check(root) {
    const house = readHouse(root)
    const { aim, cap, testCap } = house.lines
    const findings: Finding[] = []
    for (const { file, text } of readSources(root, house.code, /\.[cm]?[jt]sx?$/)) {
      const count = text.trimEnd().split('\n').length
      const most = isTest(file) ? testCap : cap
      if (count > most)
        findings.push({
          file,
          line: most + 1,
          message: `has ${count} lines, at most ${most} are allowed: give each idea its own file`,
        })
      else if (count > aim && !isTest(file))
        findings.push({ file, line: aim + 1, message: `has ${count} lines, the aim is ${aim}`, isWarning: true })
    }
    return findings
  },
}
