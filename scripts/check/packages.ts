import { builtinModules } from 'node:module'
import { readHouse } from './house.ts'
import { importsOf } from './imports.ts'
import type { Finding, Rule } from './rule.ts'
import { isTest, readSources } from './sources.ts'

/** A package from outside is known to one file, so that it can be replaced there. */
export const packages: Rule = {
  name: 'packages',
  claim: 'each third-party package is imported by one file',
  check(root) {
    const findings: Finding[] = []
    const owners = new Map<string, string>()
    for (const { file, text } of readSources(root, [readHouse(root).rooms], /\.ts$/)) {
      if (isTest(file)) continue
      for (const { specifier, line } of importsOf(text)) {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
        if (builtinModules.includes(specifier)) {
          findings.push({ file, line, message: `imports "${specifier}": write "node:${specifier}"` })
          continue
        }
        const name = packageOf(specifier)
        const owner = owners.get(name) ?? file
        owners.set(name, owner)
        if (owner !== file)
          findings.push({ file, line, message: `imports "${name}", which ${owner} imports already: use what that file exports` })
      }
    }
    return findings
  },
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
