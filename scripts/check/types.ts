import { readHouse } from './house.ts'
import type { Finding, Rule } from './rule.ts'
import { runTool } from './tool.ts'

/** The compiler, strict, over every project. */
export const types: Rule = {
  name: 'types',
  claim: 'everything compiles, strictly',
  async check(root) {
    const findings: Finding[] = []
    for (const project of readHouse(root).projects) findings.push(...(await compile(root, project)))
    return once(findings)
  },
}

/** A file that several projects hold is told once. */
export function once(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.file}:${finding.line} ${finding.message}`, finding])).values()]
}

/** What the compiler finds; a failure that names no place is a finding in the project file. */
export async function compile(root: string, project: string): Promise<Finding[]> {
  const { code, output } = await runTool('tsc', ['-p', project, '--pretty', 'false'], root)
  const findings: Finding[] = []
  for (const line of output.split('\n')) {
    const place = /^(.+?)\((\d+),\d+\): (?:error )?(.*)$/.exec(line)
    if (place !== null) findings.push({ file: place[1] ?? '', line: Number(place[2]), message: place[3] ?? '' })
    else if (line.startsWith('error ')) findings.push({ file: project, line: 1, message: line.slice(6) })
  }
  if (code !== 0 && findings.length === 0)
    findings.push({ file: project, line: 1, message: `tsc ended with ${code}: ${output.trim()}` })
  return findings
}
