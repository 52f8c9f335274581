import { relative } from 'node:path'
import type { Finding, Rule } from './rule.ts'
import { runTool } from './tool.ts'

/** Biome's linter and formatter; a warning counts like an error. */
export const style: Rule = {
  name: 'style',
  claim: 'Biome finds nothing to lint or format',
  async check(root) {
    const args = ['check', '--reporter=github', '--colors=off', '--max-diagnostics=none', '--error-on-warnings', '.']
    const { code, output } = await runTool('biome', args, root)
    const findings = [...output.matchAll(/^::(?:error|warning) title=([^,]*),file=(.*?),line=(\d+).*?::(.*)$/gm)].map(
      (match): Finding => ({
        file: relative(root, match[2] ?? ''),
        line: Number(match[3]),
        message: match[1] === 'format' ? 'is not formatted: run npm run format' : `${match[4]} (${match[1]})`,
      }),
    )
    if (code === 0 || findings.length > 0) return findings
    return [{ file: 'biome.json', line: 1, message: `biome ended with ${code}: ${output.trim()}` }]
  },
}
