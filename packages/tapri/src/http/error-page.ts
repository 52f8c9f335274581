import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Problem } from './problem.ts'

const shownLines = 5

/**
 * What a developer sees in a browser in place of a problem document: what went wrong, where in the app's own code, and what
 * was asked. Undefined for callers that do not ask for a page. Never in production.
 */
export function errorPage(request: IncomingMessage, problem: Problem, error: unknown): string | undefined {
  if (!/\btext\/html\b/.test(request.headers.accept ?? '')) return undefined
  const headers = request.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${secret(name) ? '…' : (request.rawHeaders[index + 1] ?? '')}`] : [],
  )
  const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${problem.status} ${escaped(problem.title)}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.25rem; } h2 { font-size: 1rem; margin-top: 2rem; }
  pre { overflow: auto; padding: 1rem; border: 1px solid #8884; border-radius: .5rem; font-size: .85rem; }
  mark { background: #f5c54288; color: inherit; display: inline-block; min-width: 100%; }
</style>
<h1>${problem.status} ${escaped(problem.title)}</h1>
<pre>${escaped(told)}</pre>
${chain(error)
  .map((each) => `<h2>${escaped(each.place)}</h2>\n<pre>${each.excerpt}</pre>\n`)
  .join('')}<h2>Stack</h2>
<pre>${escaped(stackOf(error))}</pre>
<h2>Request ${escaped(problem.instance)}</h2>
<pre>${escaped([`${request.method} ${request.url}`, ...headers].join('\n'))}</pre>
<p>This page is shown in development only; callers in production get a problem document with the id above.</p>
</html>
`
}

/** The first place of the app's own code in the error, and in each of its causes. */
function chain(error: unknown): { readonly place: string; readonly excerpt: string }[] {
  const found: { place: string; excerpt: string }[] = []
  for (let each = error; each instanceof Error && found.length < 3; each = each.cause) {
    const place = ownPlace(each.stack ?? '')
    const excerpt = place === undefined ? undefined : excerptOf(place)
    if (place === undefined || excerpt === undefined) continue
    const name = `${place.file}:${place.line}`
    // an error and its cause often come from one line
    if (found.every((other) => other.place !== name)) found.push({ place: name, excerpt })
  }
  return found
}

interface Place {
  readonly file: string
  readonly line: number
}

function ownPlace(stack: string): Place | undefined {
  for (const line of stack.split('\n')) {
    const [end = '', number] = /:(\d+):\d+\)?$/.exec(line) ?? []
    const front = line.slice(0, line.length - end.length)
    const location = front.slice(Math.max(front.lastIndexOf('('), front.lastIndexOf(' ')) + 1)
    if (number === undefined || !/^(?:file:\/\/|\/|[A-Z]:\\)/.test(location)) continue
    if (/[\\/]node_modules[\\/]/.test(location)) continue
    return { file: location.startsWith('file:') ? fileURLToPath(location) : location, line: Number(number) }
  }
  return undefined
}

/** The lines around a place, numbered; undefined when they cannot be read. */
function excerptOf({ file, line }: Place): string | undefined {
  let lines: readonly string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return undefined
  }
  const first = Math.max(1, line - shownLines)
  const numbered = lines.slice(first - 1, line + shownLines).map((text, index) => {
    const shown = `${String(first + index).padStart(5)}  ${escaped(text)}`
    return first + index === line ? `<mark>${shown}</mark>` : shown
  })
  return numbered.join('\n')
}

function stackOf(error: unknown): string {
  const stacks: string[] = []
  for (let each = error; each !== undefined && stacks.length < 5; each = each instanceof Error ? each.cause : undefined) {
    stacks.push(each instanceof Error ? (each.stack ?? String(each)) : String(each))
  }
  return stacks.join('\ncaused by ')
}

/** Pages are photographed and sent around: what lets somebody in is not shown. */
function secret(name: string): boolean {
  return /^(?:authorization|cookie|proxy-authorization)$|token|secret|api-?key/i.test(name)
}

/** Text that is safe in HTML, between tags and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
