import { posix } from 'node:path'
import { readHouse } from './house.ts'
import { importsOf } from './imports.ts'
import type { Finding, Rule } from './rule.ts'
import { readSources } from './sources.ts'

/** Files do not import each other in a ring; types alone may, they are gone at run time. */
export const cycles: Rule = {
  name: 'cycles',
  claim: 'no file imports itself by way of others',
  check(root) {
    const graph = new Map<string, readonly string[]>()
    for (const { file, text } of readSources(root, readHouse(root).code, /\.tsx?$/)) {
      const targets = importsOf(text)
        .filter(({ specifier, isType }) => specifier.startsWith('.') && !isType)
        .map(({ specifier }) => posix.join(posix.dirname(file), specifier))
      graph.set(file, targets)
    }
    return ringsOf(graph).map(
      (ring): Finding => ({
        file: ring[0] ?? '',
        line: 1,
        message: `imports itself: ${[...ring, ring[0]].join(' → ')}; move what they share to a file of its own`,
      }),
    )
  },
}

/** One ring for every step that leads back to a file on the way to it. */
function ringsOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const rings: string[][] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (file: string): void => {
    const start = way.indexOf(file)
    if (start !== -1) rings.push(way.slice(start))
    if (start !== -1 || done.has(file)) return
    way.push(file)
    for (const target of graph.get(file) ?? []) visit(target)
    way.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return rings
}
