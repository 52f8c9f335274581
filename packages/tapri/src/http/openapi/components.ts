import {
  fieldSchema,
  type JsonSchema,
  type MediaFacts,
  type ModelShape,
  type OutputFacts,
  orNull,
  type RowFacts,
  type ShownMember,
  shownMembers,
  standardSchema,
  storedFile,
} from '../../schema/index.ts'
import { problemSchema } from './problem-schema.ts'

const uuid: JsonSchema = { type: 'string', format: 'uuid' }

/** The schemas of a document: each is written once, under a name, and referred to from everywhere else. */
export class Components {
  readonly #models: Readonly<Record<string, ModelShape>>
  readonly #names: ReadonlyMap<ModelShape, string>
  readonly #schemas = new Map<string, JsonSchema>()
  readonly #texts = new Map<string, string>()

  constructor(models: Readonly<Record<string, ModelShape>>) {
    this.#models = models
    this.#names = new Map(Object.entries(models).map(([name, model]) => [model, name]))
    this.#schemas.set('Problem', problemSchema)
    this.#file(undefined)
    for (const model of Object.values(models)) this.#row({ kind: 'row', model, with: {}, select: undefined, private: false })
  }

  get schemas(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(this.#schemas)
  }

  /** What is answered as JSON. */
  answered(facts: OutputFacts): JsonSchema {
    switch (facts.kind) {
      case 'field':
        return fieldSchema(facts.facts, 'read', { file: (media) => this.#file(media) })
      case 'object':
        return this.#object(facts.members)
      case 'row':
        return this.#row(facts)
      case 'list':
        return { type: 'array', items: this.answered(facts.of) }
      case 'page':
        return this.#page(facts.of)
      case 'nullable':
        return orNull(this.answered(facts.of))
      case 'standard':
        return standardSchema(facts.schema, 'output')
      default:
        return {}
    }
  }

  #object(members: Readonly<Record<string, OutputFacts>>): JsonSchema {
    const required = Object.keys(members).filter((name) => !mayBeAbsent(members[name]))
    return {
      type: 'object',
      properties: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, this.answered(member)])),
      ...(required.length > 0 && { required }),
    }
  }

  #row(row: RowFacts): JsonSchema {
    const model = typeof row.model === 'string' ? this.#modelNamed(row.model) : row.model
    if (model === undefined) return { type: 'object' }
    const members = [...shownMembers(model, row)]
    const properties = Object.fromEntries(members.map(([name, member]) => [name, this.#member(member)]))
    const schema = { type: 'object', properties: { id: uuid, ...properties }, required: ['id', ...Object.keys(properties)] }
    return this.#named(nameOf(row, this.#names.get(model) ?? 'Row'), schema)
  }

  #modelNamed(name: string): ModelShape | undefined {
    return Object.hasOwn(this.#models, name) ? this.#models[name] : undefined
  }

  #member(member: ShownMember): JsonSchema {
    if ('field' in member) return fieldSchema(member.field, 'read', { file: (media) => this.#file(media) })
    const schema = this.answered(member.output)
    return member.mayBeNull ? orNull(schema) : schema
  }

  #file(media: MediaFacts | undefined): JsonSchema {
    const { name, schema } = storedFile(media)
    return this.#named(name, schema)
  }

  #page(of: OutputFacts): JsonSchema {
    const items = this.answered(of)
    const name = typeof items.$ref === 'string' ? (items.$ref.split('/').at(-1) ?? '') : ''
    const next = { type: ['string', 'null'], description: 'Sent as `after` it asks for the next page; null on the last one' }
    const properties = { rows: { type: 'array', items }, next }
    return this.#named(`${name}Page`, { type: 'object', properties, required: ['rows', 'next'] })
  }

  /** Puts a schema among the components; the same one again has the same name, another one of that name a number behind it. */
  #named(wanted: string, schema: JsonSchema): JsonSchema {
    const text = `${wanted} ${JSON.stringify(schema)}`
    const known = this.#texts.get(text)
    let name = known ?? wanted
    if (known === undefined) {
      for (let number = 2; this.#schemas.has(name); number++) name = `${wanted}${number}`
      this.#schemas.set(name, schema)
      this.#texts.set(text, name)
    }
    return { $ref: `#/components/schemas/${name}` }
  }
}

/** `videosWithOwner`: what of a model's rows is shown, in a word. */
function nameOf(row: RowFacts, model: string): string {
  const names = (word: string, of: readonly string[]) => (of.length === 0 ? '' : `${word}${of.map(capital).join('')}`)
  return `${model}${row.private ? 'Own' : ''}${names('With', Object.keys(row.with))}${names('Only', row.select ?? [])}`
}

function mayBeAbsent(facts: OutputFacts | undefined): boolean {
  return facts?.kind === 'field' && facts.facts.mayBeAbsent === true
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
