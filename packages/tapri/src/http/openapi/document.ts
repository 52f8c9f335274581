import type { JsonSchema, ModelShape } from '../../schema/index.ts'
import { parsePattern } from '../pattern.ts'
import type { ServedRoute } from '../types.ts'
import { answersOf, isLive, notModified, sharedHeaders } from './answers.ts'
import { Components } from './components.ts'
import { parametersOf, requestBodyOf } from './inputs.ts'
import { type ToldOperation, tell } from './operation.ts'
import { type ProblemKinds, Problems, refusalsOf } from './problems.ts'

export interface OpenApiOptions {
  readonly title: string
  readonly version: string
  /** What the API is for, in Markdown. */
  readonly description?: string | undefined
  readonly routes: readonly ServedRoute[]
  /** Become `components.schemas`; private fields are left out. */
  readonly models?: Readonly<Record<string, ModelShape>>
  /** The name of the session cookie; absent where nobody signs in. */
  readonly sessionCookie?: string | undefined
  /** Where the API is reached, when that is not where its description is. */
  readonly server?: string | undefined
  /** Those that are told of as they stand. */
  readonly operations?: readonly ToldOperation[]
  /** What a route refuses besides: what the rooms above know. */
  readonly refusals?: (route: ServedRoute) => ProblemKinds
}

/**
 * An OpenAPI 3.1 document of the routes: the same declarations that check requests describe them. Routes, models and
 * refusals stand in the order of their declarations, so that two documents can be compared line by line.
 * @example openApi({ title: 'VideoTube', version: '1.0.0', routes, models })
 */
export function openApi(options: OpenApiOptions): JsonSchema {
  const { title, version, description, routes, operations = [], models = {}, sessionCookie, server } = options
  const components = new Components(models)
  const problems = new Problems()
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const template = templateOf(route.path)
    const refusals = { ...refusalsOf(route), ...options.refusals?.(route) }
    paths[template] ??= {}
    paths[template][route.method] = {
      ...headOf(route),
      responses: { ...answersOf(route, components), ...problems.answers(refusals) },
      ...(sessionCookie !== undefined && { security: securityOf(route) }),
      ...(isLive(route) && { 'x-tapri-live': true }),
    }
  }
  for (const operation of operations) {
    const { path, method, name, access } = operation
    paths[path] ??= {}
    paths[path][method] = {
      operationId: name,
      tags: [tagOf(operation)],
      ...tell(operation, problems),
      ...(sessionCookie !== undefined && { security: securityOf({ access }) }),
    }
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title, version, ...(description !== undefined && { description }) },
    ...(server !== undefined && { servers: [{ url: server }] }),
    paths,
    tags: [...new Set([...routes, ...operations].map(tagOf))].map((name) => ({ name })),
    components: {
      schemas: components.schemas,
      responses: { ...problems.responses, NotModified: notModified },
      headers: sharedHeaders,
      examples: problems.examples,
      ...(sessionCookie !== undefined && { securitySchemes: schemesOf(sessionCookie) }),
    },
  }
}

function headOf(route: ServedRoute): JsonSchema {
  const { summary, description, deprecated } = route.spec
  const parameters = parametersOf(route)
  const requestBody = requestBodyOf(route)
  return {
    operationId: route.name,
    tags: [tagOf(route)],
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(deprecated === true && { deprecated }),
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody !== undefined && { requestBody }),
  }
}

/** Visitors may come without credentials, and are told more with them. */
function securityOf(route: Pick<ServedRoute, 'access'>): readonly JsonSchema[] {
  return [...(route.access === 'visitor' ? [{}] : []), { cookie: [] }, { bearer: [] }]
}

function schemesOf(name: string): JsonSchema {
  return {
    cookie: { type: 'apiKey', in: 'cookie', name, description: 'The session of a browser that has signed in' },
    bearer: { type: 'http', scheme: 'bearer', description: 'A token, for programs' },
  }
}

/** `/videos/:id` as `/videos/{id}`. */
function templateOf(path: string): string {
  const steps = parsePattern(path)
  return `/${steps.map((step) => (step.kind === 'static' ? step.text : `{${step.name}}`)).join('/')}`
}

function tagOf(route: Pick<ServedRoute, 'name'>): string {
  return route.name.split('.')[0] ?? route.name
}
