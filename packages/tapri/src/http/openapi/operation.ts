import type { JsonSchema } from '../../schema/index.ts'
import type { Method, ServedRoute } from '../types.ts'
import type { ProblemKinds, Problems } from './problems.ts'

/** An operation of a protocol that says in headers what routes say in fields: what it takes and answers is told as it stands. */
export interface ToldOperation extends Pick<ServedRoute, 'name' | 'access'> {
  readonly method: Method | 'head'
  /** As OpenAPI writes it: `/api/uploads/{name}`. */
  readonly path: string
  /** One sentence. */
  readonly summary: string
  /** More about it, in Markdown. */
  readonly description?: string
  /** OpenAPI's parameter objects. */
  readonly parameters: readonly JsonSchema[]
  /** OpenAPI's request body object. */
  readonly requestBody?: JsonSchema
  /** OpenAPI's response objects, when all is well. */
  readonly answers: Readonly<Record<number, JsonSchema>>
  readonly refusals: ProblemKinds
}

/** What is told of it beside its name, as OpenAPI's operation object. */
export function tell(
  { summary, description, parameters, requestBody, answers, refusals }: ToldOperation,
  problems: Problems,
): JsonSchema {
  return {
    summary,
    ...(description !== undefined && { description }),
    parameters,
    ...(requestBody !== undefined && { requestBody }),
    responses: { ...answers, ...problems.answers(refusals) },
  }
}
