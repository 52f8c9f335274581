import { formatPath, type Issue, invalid, TapriError } from '../kit/errors.ts'
import {
  checkStandard,
  compileFields,
  type Fields,
  fieldsOf,
  type InputSchema,
  isStandardSchema,
  type Outcome,
  type Source,
  type StandardSchemaV1,
} from '../schema/index.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { paramNames, parsePattern } from './pattern.ts'
import { parseQuery } from './query.ts'
import type { ServedRoute } from './types.ts'

type Part = 'params' | 'query' | 'body'
type FieldCheck = (input: unknown, source: Source) => Outcome

/** Checks params, query and body at once; throws one TAPRI_INVALID that lists what is wrong in all of them. */
export type InputCheck = (exchange: Exchange, body: unknown, source: Source) => void | Promise<void>

/** Compiles what a route takes into one check; undefined when it takes nothing that needs one. */
export function compileInputs(route: ServedRoute): InputCheck | undefined {
  const { params, query, body } = route.spec
  if (params === undefined && query === undefined && body === undefined) return undefined
  const checkParams = fieldCheck(params)
  const checkQuery = fieldCheck(query)
  const checkBody = fieldCheck(body)
  const foreignQuery = query !== undefined && isStandardSchema(query) ? query : undefined
  const foreignBody = body !== undefined && isStandardSchema(body) ? body : undefined

  return (exchange, given, source) => {
    const raw = query === undefined ? undefined : parseQuery(exchange.search)
    let issues: Issue[] | undefined
    if (checkParams !== undefined) {
      issues = accept(exchange, 'params', checkParams(exchange.route.params(exchange.texts), 'text'), issues)
    }
    if (checkQuery !== undefined) issues = accept(exchange, 'query', checkQuery(raw, 'text'), issues)
    if (checkBody !== undefined) issues = accept(exchange, 'body', checkBody(given, source), issues)
    if (foreignQuery !== undefined || foreignBody !== undefined) return checkForeign(exchange, raw, given, issues)
    if (issues !== undefined) throw invalid(issues, 'request')
  }

  async function checkForeign(exchange: Exchange, raw: unknown, given: unknown, found: Issue[] | undefined): Promise<void> {
    let issues = found
    if (foreignQuery !== undefined) issues = accept(exchange, 'query', await askStandard(foreignQuery, raw), issues)
    if (foreignBody !== undefined) issues = accept(exchange, 'body', await askStandard(foreignBody, given), issues)
    if (issues !== undefined) throw invalid(issues, 'request')
  }
}

function accept(exchange: Exchange, part: Part, outcome: ForeignOutcome, issues: Issue[] | undefined): Issue[] | undefined {
  if ('value' in outcome) {
    exchange[part] = outcome.value
    return issues
  }
  // One name is never two inputs of a route, so the name alone tells the input, here as in what the data layer refuses
  const named = outcome.issues.map(({ path, message }) => ({ path: path.length === 0 ? [part] : path, message }))
  return issues === undefined ? named : [...issues, ...named]
}

function fieldCheck(schema: InputSchema | undefined): FieldCheck | undefined {
  if (schema === undefined || isStandardSchema(schema)) return undefined
  const json = compileFields(schema, { source: 'json' })
  const text = compileFields(schema, { source: 'text' })
  // An absent body is an empty one: what it lacks is then listed by name
  return (input, source) => (source === 'json' ? json(input === undefined ? {} : input) : text(input))
}

type ForeignOutcome = { readonly value: unknown } | { readonly issues: readonly Issue[] }

async function askStandard(schema: StandardSchemaV1<unknown, unknown>, input: unknown): Promise<ForeignOutcome> {
  try {
    return { value: await checkStandard(schema, input, 'input') }
  } catch (error) {
    if (error instanceof TapriError && error.issues !== undefined) return { issues: error.issues }
    throw error
  }
}

/**
 * Refuses at start what could never be asked for rightly: one name for two inputs, params that the path
 * does not have, bodies on GET, files outside bodies, an example that would be refused.
 * @throws TAPRI_HTTP_INPUT_TWICE, TAPRI_HTTP_ROUTE
 */
export function checkSpec(route: ServedRoute): void {
  const { params, query, body } = route.spec
  const inPath = paramNames(parsePattern(route.path))
  if (params !== undefined) checkParams(route, params, inPath)
  if (route.spec.streamed === true && body !== undefined) throw misfit(route, 'its handler reads the body: leave its body out')
  if (route.method === 'get' && body !== undefined) throw misfit(route, 'a GET has no body: take it as query')
  for (const [name, { '~field': facts }] of Object.entries({ ...params, ...fieldsOf(query) })) {
    if (facts.kind === 'file') throw misfit(route, `"${name}" is a file: files travel in the body`)
  }
  checkExample(route)
  const places = { params: inPath, query: Object.keys(fieldsOf(query)), body: Object.keys(fieldsOf(body)) }
  const seen = new Map<string, string>()
  for (const [part, names] of Object.entries(places)) {
    for (const name of names) {
      const before = seen.get(name)
      if (before !== undefined) {
        throw httpError(
          'TAPRI_HTTP_INPUT_TWICE',
          `Cannot serve ${route.name}: "${name}" is in its ${before} and in its ${part}; give one another name`,
        )
      }
      seen.set(name, part)
    }
  }
}

function checkParams(route: ServedRoute, params: Fields, inPath: readonly string[]): void {
  const missing = Object.keys(params).find((name) => !inPath.includes(name))
  if (missing !== undefined) throw misfit(route, `its params have "${missing}" and its path "${route.path}" has no ":${missing}"`)
  const unchecked = inPath.find((name) => !Object.hasOwn(params, name))
  if (unchecked !== undefined) throw misfit(route, `its path has ":${unchecked}" and its params do not say what that is`)
}

function checkExample(route: ServedRoute): void {
  const { body, example } = route.spec
  if (example === undefined || (body !== undefined && isStandardSchema(body))) return
  const told = Object.entries(fieldsOf(body)).filter(([, { '~field': facts }]) => facts.kind !== 'file')
  const outcome = compileFields(Object.fromEntries(told), { source: 'json' })(example)
  const [issue] = 'issues' in outcome ? outcome.issues : []
  if (issue !== undefined) throw misfit(route, `its example would be refused: ${formatPath(issue.path)} ${issue.message}`)
}

function misfit(route: ServedRoute, why: string) {
  return httpError('TAPRI_HTTP_ROUTE', `Cannot serve ${route.name}: ${why}`)
}
