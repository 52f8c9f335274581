import { offsetType, partialType } from '../files/index.ts'
import type { ServedRoute, ToldOperation } from '../http/index.ts'
import { fieldsOf, type JsonSchema } from '../schema/index.ts'
import {
  beginHeaders,
  begunAnswer,
  lengthHeader,
  nameParameter,
  offsetHeader,
  pieceHeaders,
  standing,
  tusHeader,
} from './upload-headers.ts'
import { beginRefusals, finishRefusals, goneRefusals, pieceRefusals } from './upload-refusals.ts'

/** How files are sent ahead of the request that gives them to a row, for the API's description; nothing where no route takes files. */
export function uploadOperations(routes: readonly ServedRoute[], prefix: string): readonly ToldOperation[] {
  const targets = routes.flatMap(({ name, spec }) => {
    const fields = Object.entries(fieldsOf(spec.body)).filter(([, field]) => field['~field'].kind === 'file')
    return fields.map(([field]) => ({ name, field }))
  })
  if (targets.length === 0) return []
  const path = `${prefix}/uploads/{name}`
  const begun = { access: 'visitor', path, refusals: goneRefusals } as const
  return [
    {
      name: 'files.beginUpload',
      method: 'post',
      access: 'visitor',
      path: `${prefix}/uploads`,
      summary: 'Begins an upload of a file, which a later request gives to a row',
      description: `${protocols} Who may call the route may begin; its field says which files it takes. Once it is whole, the call that makes the row has \`{ "upload": "the last part of its Location" }\` in the place of the file.`,
      parameters: [...placeParameters(targets), ...beginHeaders],
      requestBody: { description: 'The first bytes, where they are sent at once', content: bytesOf([offsetType, anyType]) },
      answers: { 201: begunAnswer },
      refusals: { ...goneRefusals, ...pieceRefusals, ...beginRefusals },
    },
    {
      ...begun,
      name: 'files.uploadState',
      method: 'head',
      summary: 'How much of an upload has come; a request that is sending to it ends',
      parameters: [nameParameter, tusHeader],
      answers: { 204: standing },
    },
    {
      ...begun,
      name: 'files.appendToUpload',
      method: 'patch',
      summary: 'Appends bytes to an upload',
      description: protocols,
      parameters: [nameParameter, tusHeader, offsetHeader, lengthHeader, ...pieceHeaders],
      requestBody: { required: true, content: bytesOf([offsetType, partialType]) },
      answers: { 204: standing },
      refusals: { ...goneRefusals, ...pieceRefusals },
    },
    {
      ...begun,
      name: 'files.finishUpload',
      method: 'post',
      summary: 'Says that all bytes have gone straight into the store',
      parameters: [nameParameter, tusHeader],
      answers: { 204: standing },
      refusals: { ...goneRefusals, ...finishRefusals },
    },
    {
      ...begun,
      name: 'files.removeUpload',
      method: 'delete',
      summary: 'Gives up an upload, with all that has come of it',
      parameters: [nameParameter, tusHeader],
      answers: { 204: { description: 'It is gone' } },
    },
  ]
}

const protocols =
  'Speaks [tus 1.0](https://tus.io/protocols/resumable-upload) to who sends `Tus-Resumable`, and the IETF draft "Resumable Uploads for HTTP" to who sends `Upload-Complete`.'
const anyType = '*/*'

function bytesOf(types: readonly string[]): JsonSchema {
  return Object.fromEntries(types.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]))
}

function placeParameters(targets: readonly { readonly name: string; readonly field: string }[]): readonly JsonSchema[] {
  const among = (values: readonly string[]) => ({ type: 'string', enum: [...new Set(values)] })
  const elsewhere = 'unless `Upload-Metadata` names it'
  return [
    {
      name: 'route',
      in: 'query',
      description: `The route that the file is for, ${elsewhere}`,
      schema: among(targets.map(({ name }) => name)),
    },
    {
      name: 'field',
      in: 'query',
      description: `The field of its body, ${elsewhere}`,
      schema: among(targets.map(({ field }) => field)),
    },
  ]
}
