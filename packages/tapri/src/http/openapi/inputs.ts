import {
  type Fields,
  fieldSchema,
  type InputSchema,
  isStandardSchema,
  type JsonSchema,
  objectSchema,
  standardSchema,
} from '../../schema/index.ts'
import { bodyKind } from '../compile.ts'
import { paramNames, parsePattern } from '../pattern.ts'
import type { ServedRoute } from '../types.ts'

/** What a route takes from its path, its query and its headers, as OpenAPI's parameter objects. */
export function parametersOf(route: ServedRoute): readonly JsonSchema[] {
  return [...pathParameters(route), ...queryParameters(route.spec.query), ...headerParameters(route)]
}

/** A key that every call needs; others may send one. https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function headerParameters({ method, spec }: ServedRoute): readonly JsonSchema[] {
  if (method === 'get' || spec.idempotencyKey !== 'required') return []
  const description = 'New for each call, the same when it is sent again: a string with its quotes, like "a UUID"'
  const schema = { type: 'string', pattern: '^"[ !#-\\[\\]-~]{1,255}"$' }
  return [{ name: 'Idempotency-Key', in: 'header', required: true, description, schema }]
}

function pathParameters(route: ServedRoute): readonly JsonSchema[] {
  const { params } = route.spec
  return paramNames(parsePattern(route.path)).map((name) => {
    const facts = params?.[name]?.['~field']
    const schema = facts === undefined ? { type: 'string' } : fieldSchema(facts, 'write', { textual: true })
    return { name, in: 'path', required: true, schema }
  })
}

function queryParameters(query: InputSchema | undefined): readonly JsonSchema[] {
  if (query === undefined) return []
  const schema = inputSchema(query, true)
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties ?? {}).map(([name, value]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: value,
  }))
}

/** The body of a route, as OpenAPI's request body object; undefined where it declares none. */
export function requestBodyOf(route: ServedRoute): JsonSchema | undefined {
  const { body, example } = route.spec
  if (body === undefined) return undefined
  const isForm = bodyKind(route) === 'form'
  const schema = inputSchema(body, isForm)
  const required = Array.isArray(schema.required) && schema.required.length > 0
  const shown = example === undefined ? {} : { example }
  if (isForm && !isStandardSchema(body)) {
    const form = { schema, encoding: fileEncoding(body), ...shown }
    return { required, content: { 'multipart/form-data': form, 'application/json': { schema: inputSchema(body, false) } } }
  }
  const urlencoded = isStandardSchema(body) ? {} : { 'application/x-www-form-urlencoded': { schema: inputSchema(body, true) } }
  return { required, content: { 'application/json': { schema, ...shown }, ...urlencoded } }
}

/** Which media types the parts of a form may have that are files. */
function fileEncoding(fields: Fields): JsonSchema {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, { '~field': facts }]) => {
      const file = facts.kind === 'list' ? facts.of : facts
      return file.kind === 'file' ? [[name, { contentType: file.accept.join(', ') }]] : []
    }),
  )
}

function inputSchema(input: InputSchema, textual: boolean): JsonSchema {
  return isStandardSchema(input) ? standardSchema(input, 'input') : objectSchema(input, 'write', { textual })
}
