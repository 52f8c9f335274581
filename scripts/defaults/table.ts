/** Rows below a head, as Markdown writes them.
 * @example markdownTable(['a'], [['b']]) */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |\n`)
  return lines.join('')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
