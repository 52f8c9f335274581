import { httpError } from './errors.ts'

export type Step =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string }

const nameForm = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/
// RFC 3986 pchar without escapes and without what patterns use themselves
const staticForm = /^[A-Za-z0-9._~!$&'()+,;=@-]+$/

/**
 * The steps of a route's path.
 * @throws TAPRI_HTTP_ROUTE when it is not one
 * @example parsePattern('/videos/:id') // static "videos", param "id"
 */
export function parsePattern(path: string): readonly Step[] {
  if (path === '/') return []
  if (!path.startsWith('/')) throw broken(path, 'start it with "/"')
  if (path.endsWith('/')) throw broken(path, 'leave out the slash at the end: "/videos/" and "/videos" are different paths')
  const parts = path.slice(1).split('/')
  const steps = parts.map((part, index) => stepOf(path, part, index === parts.length - 1))
  const names = paramNames(steps)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw broken(path, `the name "${twice}" stands in it twice`)
  return steps
}

/** The names of a path's parameters, in order. */
export function paramNames(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'static' ? [] : [step.name]))
}

/** The segments of a path below which a folder or another app is served.
 * @throws TAPRI_HTTP_FOLDER when it has parameters */
export function staticSteps(path: string): readonly string[] {
  return parsePattern(path).map((step) => {
    if (step.kind === 'static') return step.text
    throw httpError('TAPRI_HTTP_FOLDER', `Cannot serve "${path}": the path of a folder or a mounted app has no parameters`)
  })
}

function stepOf(path: string, part: string, isLast: boolean): Step {
  const name = part.slice(1)
  if (part.startsWith(':')) {
    if (!nameForm.test(name)) throw broken(path, `":${name}" must be a whole segment: ":" and a name`)
    return { kind: 'param', name }
  }
  if (part.startsWith('*')) {
    if (!isLast || !nameForm.test(name)) throw broken(path, `"*${name}" must be the last segment: "*" and a name`)
    return { kind: 'rest', name }
  }
  if (part === '.' || part === '..' || !staticForm.test(part)) {
    throw broken(path, `"${part}" must be a segment of letters, digits and -._~ without escapes`)
  }
  return { kind: 'static', text: part }
}

function broken(path: string, why: string) {
  return httpError('TAPRI_HTTP_ROUTE', `Cannot serve the path "${path}": ${why}`)
}
