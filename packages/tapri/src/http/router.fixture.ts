import fc from 'fast-check'

/** A route of a generated table. */
export interface TableRoute {
  readonly method: string
  readonly path: string
}

/** What a table answers by the rules of docs/http/routing.md, read off them one by one and without any tree. */
export type Expected =
  | { readonly kind: 'refused' }
  | { readonly kind: 'none' }
  | { readonly kind: 'method'; readonly methods: readonly string[] }
  | { readonly kind: 'route'; readonly route: TableRoute; readonly params: Readonly<Record<string, string>> }

/** The naive matcher: tries every route of the table and takes the most exact. `path` is without its query. */
export function naiveMatch(table: readonly TableRoute[], method: string, path: string): Expected {
  const segments = canonical(path)
  if (segments === undefined) return { kind: 'refused' }
  const fitting = table.flatMap((route) => {
    const fit = fitOf(route, segments)
    return fit === undefined ? [] : [{ route, ...fit }]
  })
  if (fitting.length === 0) return { kind: 'none' }
  const [best] = fitting
    .filter(({ route }) => route.method === method)
    .sort((one, other) => (one.exactness < other.exactness ? -1 : 1))
  if (best === undefined) return { kind: 'method', methods: [...new Set(fitting.map(({ route }) => route.method))].sort() }
  return { kind: 'route', route: best.route, params: best.params }
}

/** Byte by byte: what stands between slashes, its escapes decoded; undefined for what two readers could read differently. */
function canonical(path: string): readonly string[] | undefined {
  if (/[\\#]/.test(path)) return undefined
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const segments: string[] = []
  for (const raw of path.split('/').slice(1)) {
    const bytes: number[] = []
    for (let at = 0; at < raw.length; at++) {
      if (raw[at] !== '%') {
        bytes.push(raw.charCodeAt(at))
        continue
      }
      const digits = raw.slice(at + 1, at + 3)
      if (!/^[0-9a-f]{2}$/i.test(digits)) return undefined
      bytes.push(Number.parseInt(digits, 16))
      at += 2
    }
    if (bytes.includes(0)) return undefined
    try {
      segments.push(decoder.decode(Uint8Array.from(bytes)))
    } catch {
      // not UTF-8
      return undefined
    }
  }
  return segments.some((segment) => segment === '.' || segment === '..') ? undefined : segments
}

/** The parameters when a route fits, and how exactly, segment by segment: 0 static, 1 a parameter, 2 the rest. */
function fitOf({ path }: TableRoute, segments: readonly string[]) {
  if (path === '/') return segments.join() === '' && segments.length === 1 ? { params: {}, exactness: '' } : undefined
  const steps = path.slice(1).split('/')
  const params: Record<string, string> = {}
  let exactness = ''
  for (const [index, step] of steps.entries()) {
    const segment = segments[index]
    if (segment === undefined) return undefined
    if (step.startsWith('*')) {
      const rest = segments.slice(index)
      if (rest.some((text) => text === '' || /[/\\]/.test(text))) return undefined
      return { params: { ...params, [step.slice(1)]: rest.join('/') }, exactness: `${exactness}2` }
    }
    if (step.startsWith(':')) {
      if (segment === '') return undefined
      params[step.slice(1)] = segment
    } else if (segment !== step) {
      return undefined
    }
    exactness += step.startsWith(':') ? '1' : '0'
  }
  return segments.length === steps.length ? { params, exactness } : undefined
}

// few words, so that tables and paths meet; among them what escapes, dots and cases make of each other
const words = ['a', 'A', 'b', 'ab', 'x.y', '~a', "a'b", 'a+b', 'a,b;c=d', '...', '-', '7'] as const
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const step = (index: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...words) }, { weight: 2, arbitrary: fc.constant(`:p${index}`) })

const pattern = fc
  .tuple(step(0), step(1), step(2), step(3), fc.integer({ min: 0, max: 4 }), fc.boolean())
  .map(([first, second, third, fourth, length, hasRest]) => {
    const steps = [first, second, third, fourth].slice(0, length)
    return `/${[...steps, ...(hasRest ? ['*rest'] : [])].join('/')}`
  })

/** Tables of routes of which no two have the same method and path. */
export const tables: fc.Arbitrary<readonly TableRoute[]> = fc.uniqueArray(
  fc.record({ method: fc.constantFrom(...methods), path: pattern }),
  { minLength: 1, maxLength: 20, selector: ({ method, path }) => `${method} ${path}` },
)

const escaped = (text: string) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const oddities = [
  '',
  '.',
  '..',
  '%2e',
  '.%2E',
  '%2F',
  'a%2Fb',
  '%5c',
  '%00',
  '%',
  '%4',
  '%zz',
  '%C3',
  '%c3%a9',
  '%EF%BB%BF',
  '%252F',
]
const rareOddities = [
  '%ED%A0%80',
  '%F0%9F%92%A5',
  '%C0%AF',
  '%FF',
  'a\\b',
  'a#b',
  ':p0',
  '*rest',
  '__proto__',
  'constructor',
  '%20',
  'a;b',
]
const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 3, arbitrary: fc.constantFrom(...words).map(escaped) },
  { weight: 2, arbitrary: fc.constantFrom(...oddities) },
  { weight: 1, arbitrary: fc.constantFrom(...rareOddities) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 4 }).map((text) => text.replace(/[/?\s]/g, '')) },
)

/** Requests that meet the tables often, and other times miss them by a slash, an escape, a dot or a case. */
export const requests: fc.Arbitrary<TableRoute> = fc.record({
  method: fc.constantFrom(...methods),
  path: fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => `/${segments.join('/')}`),
})
