/** A fenced piece of code of a page. */
export interface Block {
  /** The first word after the fence, like `ts` or `sh`. */
  readonly language: string
  /** What follows the language on the fence's line. */
  readonly note: string
  /** The line of the page, from 1, on which the code begins. */
  readonly line: number
  readonly code: string
  /** The file that the first line names in a comment, like `// src/app.ts`. */
  readonly name: string | undefined
}

/** The code blocks of a Markdown page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  const lines = page.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const fence = /^( *)(```+)(\S*) *(.*)$/.exec(lines[at] ?? '')
    if (fence === null) continue
    const [, indent = '', ticks = '', language = '', note = ''] = fence
    const start = at + 1
    const length = lines.slice(start).findIndex((line) => line.trim() === ticks)
    const end = length === -1 ? lines.length : start + length
    const code = lines
      .slice(start, end)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n')
    blocks.push({ language, note: note.trim(), line: start + 1, code, name: nameOf(code) })
    at = end
  }
  return blocks
}

function nameOf(code: string): string | undefined {
  const [first = ''] = code.split('\n', 1)
  return /^\/\/ ((?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.ts)$/.exec(first)?.[1]
}
