import { formatPath } from '../kit/errors.ts'
import { compileOutput } from '../schema/index.ts'
import { Answer } from './answer.ts'
import { httpError } from './errors.ts'
import type { Handler, ServedRoute } from './types.ts'
import { isResponse } from './web-response.ts'

/** A route whose answers are held to its `output`: a fault shows where it is made, and the API's description stays true. */
export function withCheckedOutput(route: ServedRoute): ServedRoute {
  const { output } = route.spec
  if (output === undefined) return route
  const findIssues = compileOutput(output)
  const handler: Handler = async (context) => {
    const value = await route.handler(context)
    // what `reply` makes is written by itself
    if (value instanceof Answer || isResponse(Object(value))) return value
    const [issue] = await findIssues(value)
    if (issue === undefined) return value
    throw httpError(
      'TAPRI_HTTP_OUTPUT',
      `Cannot answer ${route.name} with what its handler gave: ${formatPath(issue.path)} ${issue.message}; correct the handler or the route's output`,
    )
  }
  return { ...route, handler }
}
