import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Block, blocksOf } from './docs-blocks.ts'
import { projectsOf } from './docs-projects.ts'
import { readHouse } from './house.ts'
import type { Finding, Rule } from './rule.ts'
import { readSources } from './sources.ts'
import { compile, once } from './types.ts'

/** Inside the repository, so that `tapri/data` is found; below node_modules, so that nobody else looks at it. */
const folder = 'node_modules/.cache/docs'

interface Placed {
  readonly page: string
  readonly block: Block
}

/** What the pages show as TypeScript compiles. */
export const docs: Rule = {
  name: 'docs',
  claim: 'code in the docs compiles',
  async check(root) {
    const house = readHouse(root)
    const findings: Finding[] = []
    const placed = new Map<string, Placed>()
    for (const { file: page, text } of readSources(root, house.docs, /\.md$/)) {
      const blocks = blocksOf(text)
      findings.push(...blocks.flatMap((block) => markFindings(page, block, house.docsUnchecked)))
      const checked = blocks.filter(({ language, note }) => language === 'ts' && note === '')
      projectsOf(checked).forEach((project, index) => {
        for (const [name, block] of project) placed.set(`${folder}/${page}/${index}/${name}`, { page, block })
      })
    }
    return placed.size === 0 ? findings : [...findings, ...(await compilePlaced(root, placed))]
  },
}

function markFindings(page: string, { language, note, line }: Block, unchecked: readonly string[]): Finding[] {
  const place = { file: page, line: line - 1 }
  if (['typescript', 'tsx', 'TypeScript'].includes(language))
    return [{ ...place, message: `says "${language}": write ts, so that it is compiled` }]
  if (language !== 'ts' || note === '' || (note === 'no-check' && unchecked.includes(page))) return []
  if (note !== 'no-check') return [{ ...place, message: `says "ts ${note}", which means nothing here: write ts` }]
  return [{ ...place, message: 'is marked no-check: make it compile, or list the page under docsUnchecked in house.json' }]
}

async function compilePlaced(root: string, placed: ReadonlyMap<string, Placed>): Promise<Finding[]> {
  rmSync(join(root, folder), { recursive: true, force: true })
  for (const [path, { block }] of placed) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    // a script would share its names with every other one
    const ending = /^(?:import|export)\b/m.test(block.code) ? '' : '\nexport {}'
    writeFileSync(join(root, path), `${block.code}${ending}\n`)
  }
  const project = `${folder}/tsconfig.json`
  const config = {
    extends: '../../../tsconfig.json',
    // an example may show a declaration that it does not use, and how another framework writes it
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, experimentalDecorators: true },
    include: [],
    files: [...placed.keys()].map((path) => path.slice(folder.length + 1)),
  }
  writeFileSync(join(root, project), JSON.stringify(config))
  // what is wrong in the sources themselves is the rule `types`' to tell
  const found = (await compile(root, project))
    .filter(({ file }) => file.startsWith(folder))
    .map((finding) => onPage(finding, placed))
  // several states of a page share files
  return once(found)
}

function onPage(finding: Finding, placed: ReadonlyMap<string, Placed>): Finding {
  const place = placed.get(finding.file)
  return place === undefined ? finding : { ...finding, file: place.page, line: place.block.line + finding.line - 1 }
}
