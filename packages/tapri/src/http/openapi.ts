import {
  type FieldFacts,
  type Fields,
  fieldSchema,
  type InputSchema,
  isStandardSchema,
  type JsonSchema,
  objectSchema,
} from '../schema/index.ts'
import { bodyKind } from './compile.ts'
import { paramNames, parsePattern } from './pattern.ts'
import type { ServedRoute } from './types.ts'

type ModelShape = Readonly<Record<string, { readonly '~field': FieldFacts }>>

export interface OpenApiOptions {
  readonly title: string
  readonly version: string
  readonly routes: readonly ServedRoute[]
  /** Become `components.schemas`; private fields are left out. */
  readonly models?: Readonly<Record<string, ModelShape>>
  /** The name of the session cookie. */
  readonly sessionCookie?: string
}

/**
 * An OpenAPI 3.1 document of the routes: the same declarations that check requests describe them.
 * @example openApi({ title: 'VideoTube', version: '1.0.0', routes, models })
 */
export function openApi(options: OpenApiOptions): JsonSchema {
  const { title, version, routes, models = {}, sessionCookie = 'session' } = options
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = templateOf(route.path)
    paths[path] = { ...paths[path], [route.method]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title, version },
    paths,
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    components: {
      schemas: { ...mapValues(models, modelSchema), Problem: problemSchema },
      responses: { Problem: { description: 'What was wrong (RFC 9457)', content: problemContent } },
      securitySchemes: {
        cookie: { type: 'apiKey', in: 'cookie', name: sessionCookie },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  }
}

function operationOf(route: ServedRoute): JsonSchema {
  const isOpen = route.access === 'visitor'
  const parameters = [...pathParameters(route), ...queryParameters(route.spec.query)]
  const takesInput = parameters.length > 0 || route.spec.body !== undefined
  return {
    operationId: route.name,
    tags: [tagOf(route)],
    ...(route.spec.summary !== undefined && { summary: route.spec.summary }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.spec.body !== undefined && { requestBody: requestBody(route, route.spec.body) }),
    responses: {
      200: { description: 'The answer', content: { 'application/json': { schema: {} } } },
      ...(!isOpen && { 401: problemRef, 403: problemRef }),
      ...(takesInput && { 422: problemRef }),
      default: problemRef,
    },
    ...(!isOpen && { security: [{ cookie: [] }, { bearer: [] }] }),
  }
}

/** `/videos/:id` as `/videos/{id}`. */
function templateOf(path: string): string {
  const steps = parsePattern(path)
  return `/${steps.map((step) => (step.kind === 'static' ? step.text : `{${step.name}}`)).join('/')}`
}

function pathParameters(route: ServedRoute): readonly JsonSchema[] {
  const { params } = route.spec
  return paramNames(parsePattern(route.path)).map((name) => {
    const facts = params?.[name]?.['~field']
    return { name, in: 'path', required: true, schema: facts === undefined ? { type: 'string' } : fieldSchema(facts, 'write') }
  })
}

function queryParameters(query: InputSchema | undefined): readonly JsonSchema[] {
  if (query === undefined) return []
  const schema = schemaOf(query)
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties ?? {}).map(([name, value]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: value,
  }))
}

function requestBody(route: ServedRoute, body: InputSchema): JsonSchema {
  const schema = schemaOf(body)
  const types = bodyKind(route) === 'form' ? ['multipart/form-data'] : ['application/json', 'application/x-www-form-urlencoded']
  const isRequired = Array.isArray(schema.required) && schema.required.length > 0
  return { required: isRequired, content: Object.fromEntries(types.map((type) => [type, { schema }])) }
}

/** The JSON Schema of an input; of a foreign one as far as it tells (Standard JSON Schema), else anything. */
function schemaOf(input: InputSchema): JsonSchema {
  if (!isStandardSchema(input)) return objectSchema(input, 'write')
  const standard: object = input['~standard']
  if (!('jsonSchema' in standard) || !canConvert(standard.jsonSchema)) return {}
  try {
    const { $schema: _dialect, ...schema } = standard.jsonSchema.input({ target: 'draft-2020-12' })
    return schema
  } catch {
    // The specification lets libraries throw for schemas that JSON Schema cannot say
    return {}
  }
}

interface Converter {
  input(options: { readonly target: string }): Record<string, unknown>
}

function canConvert(value: unknown): value is Converter {
  return typeof value === 'object' && value !== null && 'input' in value && typeof value.input === 'function'
}

function modelSchema(shape: ModelShape): JsonSchema {
  const open: Record<string, Fields[string]> = {}
  for (const [name, field] of Object.entries(shape)) {
    const { kind, private: isPrivate } = field['~field']
    if (kind !== 'hasMany' && kind !== 'manyToMany' && !isPrivate) open[name] = asField(field)
  }
  const schema = objectSchema(open, 'read')
  const required = Array.isArray(schema.required) ? schema.required : []
  return {
    ...schema,
    properties: { id: { type: 'string', format: 'uuid' }, ...Object(schema.properties) },
    required: ['id', ...required],
  }
}

// A field's phantom types say nothing at run time: whatever carries facts is one.
function asField(value: { readonly '~field': FieldFacts }): Fields[string] {
  return value as Fields[string]
}

function tagOf(route: ServedRoute): string {
  return route.name.split('.')[0] ?? route.name
}

function mapValues<From, To>(from: Readonly<Record<string, From>>, turn: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, turn(value)]))
}

const problemRef: JsonSchema = { $ref: '#/components/responses/Problem' }
const problemContent: JsonSchema = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
const problemSchema: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    instance: { type: 'string' },
    facts: { type: 'object' },
    issues: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'array', items: { type: ['string', 'integer'] } },
          message: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
}
