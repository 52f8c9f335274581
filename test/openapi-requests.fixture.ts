import fc from 'fast-check'
import { type ApiDocument, at, type Operation, operationsOf } from './openapi.fixture.ts'

/** A request that a document allows, with numbers in the place of ids, which are chosen when it is sent. */
export interface Allowed {
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, unknown>>
  readonly type: string | undefined
  readonly body: unknown
  /** Which of the callers sends it. */
  readonly caller: number
}

/** The id of a row of a model, by its number among those that are there when the request is sent. */
class SomeId {
  readonly model: string
  readonly number: number
  constructor(model: string, number: number) {
    this.model = model
    this.number = number
  }
}
/** A small file of the kind that the document asks for. */
class SomeFile {
  readonly type: string
  constructor(type: string) {
    this.type = type
  }
}

/** Requests that the document says may be sent, each operation as often as another. Uploads are several requests that belong
 * together: a test of their own goes through them. */
export function allowedRequests(document: ApiDocument): fc.Arbitrary<Allowed> {
  const operations = operationsOf(document).filter(({ template }) => !template.includes('/uploads'))
  return fc.oneof(...operations.map((operation) => allowedRequest(document, operation)))
}

function allowedRequest(document: ApiDocument, operation: Operation): fc.Arbitrary<Allowed> {
  const { parameters = [], requestBody } = operation.told
  const properties = Object.fromEntries(parameters.map(({ name, schema }: any) => [name, schema]))
  const required = parameters.filter((parameter: any) => parameter.required).map(({ name }: any) => name)
  const bodies = Object.entries<any>(requestBody?.content ?? {}).map(([type, { schema, encoding }]) =>
    fc.record({ type: fc.constant(type), body: valueFor(document, schema, encoding) }),
  )
  const sent = bodies.length === 0 ? fc.constant({ type: undefined, body: undefined }) : fc.oneof(...bodies)
  return fc
    .tuple(valueFor(document, { type: 'object', properties, required }), sent, fc.nat(2))
    .map(([values, { type, body }, caller]) => ({ operation, parameters: Object(values), type, body, caller }))
}

/** Values that a schema allows, as far as the schemas of requests go. */
function valueFor(document: ApiDocument, schema: any, encoding: any = {}): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valueFor(document, at(document, schema.$ref))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (Array.isArray(schema.type)) {
    return fc.oneof(...schema.type.map((type: string) => valueFor(document, { ...schema, type })))
  }
  switch (schema.type) {
    case 'object': {
      const { properties = {}, required = [] } = schema
      // an upload is one of those that this caller has made, and here nobody has
      if (properties.upload !== undefined) return fc.constant(null)
      const values = Object.entries<any>(properties).map(([name, each]) => [
        name,
        each.format === 'binary' ? fc.constant(new SomeFile(encoding[name].contentType)) : valueFor(document, each, encoding),
      ])
      return fc.record(Object.fromEntries(values), { requiredKeys: required })
    }
    case 'array':
      return fc.array(valueFor(document, schema.items), { minLength: schema.minItems, maxLength: Math.min(schema.maxItems, 5) })
    case 'string':
      return textOf(schema)
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -9, max: schema.maximum ?? 99 })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      throw new Error(`Cannot make a value of ${JSON.stringify(schema)}: no request has had one yet`)
  }
}

/** Signs of one, two and three bytes, one of two code units, and none that is taken off the ends. */
const signs = fc.constantFrom('a', 'Z', '0', '"', '&', '<', '%', '~', 'é', 'क', '🪁')

function textOf({ format, description = '', minLength = 0, maxLength = 20 }: any): fc.Arbitrary<unknown> {
  if (format === 'uuid') {
    const [, model = ''] = /row of (\w+)/.exec(description) ?? []
    return fc.nat(9).map((number) => new SomeId(model, number))
  }
  if (format === 'email') return fc.nat(99_999).map((number) => `p${number}@tube.test`)
  return fc.string({ unit: signs, minLength, maxLength: Math.max(minLength, Math.min(maxLength, 20)) })
}

export interface Sender {
  readonly url: string
  /** Of the callers, undefined for a visitor. */
  tokens: readonly (string | undefined)[]
  /** Of the rows that are there, by the names of their models. */
  ids(): Promise<Readonly<Record<string, readonly string[]>>>
  file(type: string): File
}

/** Sends a request as its document says. */
export async function send({ operation, parameters, type, body, caller }: Allowed, sender: Sender): Promise<Response> {
  const { template, method, told } = operation
  const ids = await sender.ids()
  const settle = (value: unknown): unknown => {
    if (value instanceof SomeId) return ids[value.model]?.[value.number] ?? unknownId
    if (value instanceof SomeFile) return sender.file(value.type)
    return value
  }
  const url = new URL(template, sender.url)
  let path = template
  for (const { name, in: place } of told.parameters ?? []) {
    const value = settle(parameters[name])
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(String(value)))
    else if (value !== undefined) url.searchParams.set(name, String(value))
  }
  url.pathname = path
  const token = sender.tokens[caller % sender.tokens.length]
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const settled = Object.entries(Object(body)).map(([name, value]) => [name, settle(value)] as const)
  if (type !== undefined && type !== 'multipart/form-data') headers['content-type'] = type
  const sent = type === undefined ? {} : { body: written(type, settled) }
  return fetch(url, { method: method.toUpperCase(), headers, ...sent })
}

const unknownId = '01a1fc22-92fa-7291-b729-5740de14c21d'

function written(type: string, values: readonly (readonly [string, unknown])[]): FormData | string {
  if (type === 'application/json') return JSON.stringify(Object.fromEntries(values))
  const form = new FormData()
  for (const [name, value] of values) form.append(name, value instanceof Blob ? value : String(value))
  if (type === 'multipart/form-data') return form
  return new URLSearchParams(values.map(([name, value]) => [name, String(value)])).toString()
}
