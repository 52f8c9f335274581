import { errorTable } from '../kit/errors.ts'

const fail = errorTable({
  TAPRI_HTTP_REQUEST: 400,
  TAPRI_HTTP_PATH: 400,
  TAPRI_HTTP_QUERY: 400,
  TAPRI_HTTP_BODY: 400,
  TAPRI_HTTP_CROSS_SITE: 403,
  TAPRI_HTTP_NO_ROUTE: 404,
  TAPRI_HTTP_METHOD: 405,
  TAPRI_HTTP_NOT_ACCEPTABLE: 406,
  TAPRI_HTTP_TIMEOUT: 408,
  TAPRI_HTTP_PRECONDITION: 412,
  TAPRI_HTTP_TOO_LARGE: 413,
  TAPRI_HTTP_URL_TOO_LONG: 414,
  TAPRI_HTTP_CONTENT_TYPE: 415,
  TAPRI_HTTP_RANGE: 416,
  TAPRI_HTTP_EXPECTATION: 417,
  TAPRI_HTTP_HOST: 421,
  TAPRI_HTTP_TOO_MANY: 429,
  TAPRI_HTTP_HEADERS_TOO_LARGE: 431,
  TAPRI_HTTP_REDIRECT: 400,
  TAPRI_HTTP_ANSWER: 500,
  TAPRI_HTTP_OUTPUT: 500,
  TAPRI_HTTP_COOKIE: 500,
  TAPRI_HTTP_SESSION: 500,
  TAPRI_HTTP_NEXT: 500,
  TAPRI_HTTP_PROXY: 500,
  TAPRI_HTTP_CORS: 500,
  TAPRI_HTTP_HOSTS: 500,
  TAPRI_HTTP_ROUTE: 500,
  TAPRI_HTTP_ROUTE_TWICE: 500,
  TAPRI_HTTP_INPUT_TWICE: 500,
  TAPRI_HTTP_FOLDER: 500,
  TAPRI_HTTP_VIEW: 500,
  TAPRI_HTTP_NO_ENGINE: 500,
  TAPRI_HTTP_PORT_IN_USE: 500,
  TAPRI_HTTP_PORT_DENIED: 500,
  TAPRI_HTTP_LISTEN: 500,
  TAPRI_HTTP_TLS: 500,
  TAPRI_HTTP_PROTOCOL: 500,
  TAPRI_HTTP_SERVER: 500,
})

export { fail as httpError }

/**
 * The same for what any stranger can ask for as often as they like: without a stack, which costs a fifth of such an answer
 * and which nobody reads.
 */
export const refusal: typeof fail = (code, message, options) => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return fail(code, message, options)
  } finally {
    Error.stackTraceLimit = limit
  }
}
