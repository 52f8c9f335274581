import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { generateApi } from 'swagger-typescript-api'

/** An OpenAPI document, as JSON has it. */
export type ApiDocument = any

/** One operation of a document. */
export interface Operation {
  readonly method: string
  readonly template: string
  readonly told: any
}

export function operationsOf(document: ApiDocument): readonly Operation[] {
  return Object.entries<any>(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, told]) => ({ method, template, told })),
  )
}

/** Says whether answers are as a document says, by a validator that is not ours. */
export function answerChecker(document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema(document, 'api', undefined, false)
  return async ({ method, template, told }: Operation, answer: Response): Promise<unknown> => {
    const text = await answer.text()
    const where = `${method} ${template} answered ${answer.status}: ${text.slice(0, 500)}`
    const named = told.responses[answer.status] ?? told.responses.default
    assert.ok(answer.status >= 300 || told.responses[answer.status] !== undefined, `the document does not know that ${where}`)
    const response = named.$ref === undefined ? named : at(document, named.$ref)
    const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
    if (response.content === undefined) {
      assert.equal(text, '', where)
      return undefined
    }
    assert.ok(Object.hasOwn(response.content, type), `${where} of the type "${type}"`)
    if (!type.endsWith('json')) return text
    const value = JSON.parse(text)
    const path = named.$ref ?? `#/paths/${escaped(template)}/${method}/responses/${answer.status}`
    const holds = ajv.compile({ $ref: `api${path}/content/${escaped(type)}/schema` })
    assert.ok(holds(value), `${where}\n${ajv.errorsText(holds.errors)}`)
    return value
  }
}

/** What a reference within a document leads to. */
export function at(document: ApiDocument, reference: string): any {
  return reference
    .slice(2)
    .split('/')
    .reduce((value, step) => value[decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')], document)
}

function escaped(step: string): string {
  return encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))
}

const made = { output: false, silent: true, fileName: 'client.ts', generateUnionEnums: true } as const
const compiler = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url))
const compilerOptions = {
  target: 'esnext',
  module: 'nodenext',
  lib: ['esnext', 'dom', 'dom.iterable'],
  types: [],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
}

/**
 * Has a client made from a document by a generator that is not ours, compiles a program that uses it, and answers what
 * the program exports.
 */
export async function programWithClient(document: ApiDocument, program: string): Promise<any> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-openapi-'))
  try {
    const { files } = await generateApi({ ...made, spec: document })
    const [client] = files
    assert.ok(client)
    await writeFile(join(folder, 'client.ts'), client.fileContent)
    await writeFile(join(folder, 'program.ts'), program)
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch((error: { stdout?: string }) =>
      assert.fail(error.stdout ?? String(error)),
    )
    return await import(pathToFileURL(join(folder, 'program.ts')).href)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
