import type { Block } from './docs-blocks.ts'

/** Files that compile together: the named ones import each other, the others may import them. */
export type Project = ReadonlyMap<string, Block>

/**
 * The projects that a page's blocks make up. A name that comes again is the next state of that file,
 * and begins a project that takes over all other files as they were.
 */
export function projectsOf(blocks: readonly Block[]): Project[] {
  const projects: Map<string, Block>[] = [new Map()]
  for (const block of blocks) {
    let project = projects.at(-1) ?? new Map<string, Block>()
    if (block.name !== undefined && project.has(block.name)) {
      project = new Map([...project].filter(([, other]) => other.name !== undefined))
      projects.push(project)
    }
    project.set(block.name ?? `block-${block.line}.ts`, block)
  }
  return projects
}
