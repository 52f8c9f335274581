import type { IncomingMessage } from 'node:http'
import { parseCookie, stringifySetCookie } from 'cookie'
import { milliseconds } from '../kit/measures.ts'
import { httpError } from './errors.ts'

/** Closed until opened: not for scripts, not for other sites, for the whole app. */
export interface CookieOptions {
  /** How long it lasts, like `30d`; until the browser closes unless told. */
  readonly maxAge?: number | string
  readonly path?: string
  readonly domain?: string
  /** True unless told. */
  readonly httpOnly?: boolean
  /** True in production unless told. */
  readonly secure?: boolean
  /** `lax` unless told. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  readonly partitioned?: boolean
  /** True signs the value, so that nobody else can have made it: it is read from `signedCookies`. It is not hidden. */
  readonly signed?: boolean
}

/** The cookies of a request by name; of two with one name the first, as browsers send the closest first.
 * @example readCookies(request)['theme'] */
export function readCookies(request: IncomingMessage): Readonly<Record<string, string>> {
  const header = request.headers.cookie
  const found: Record<string, string> = Object.create(null)
  if (header === undefined) return found
  for (const [name, value] of Object.entries(parseCookie(header))) {
    if (value !== undefined) found[name] = value
  }
  return found
}

/**
 * A Set-Cookie value.
 * @throws TAPRI_HTTP_COOKIE for names, values and attributes that are not allowed
 * @example formatCookie('theme', 'dark', { maxAge: '365d' }, false)
 */
export function formatCookie(name: string, value: string, options: CookieOptions, production: boolean): string {
  const { maxAge, path = '/', domain, httpOnly = true, secure = production, sameSite = 'lax', partitioned = false } = options
  if (sameSite !== 'strict' && sameSite !== 'lax' && sameSite !== 'none') {
    throw bad(name, `sameSite "${String(sameSite)}" must be strict, lax or none`)
  }
  if (sameSite === 'none' && !secure) throw bad(name, 'sameSite "none" needs secure: true')
  if (partitioned && !secure) throw bad(name, 'partitioned needs secure: true')
  if (!path.startsWith('/')) throw bad(name, `path "${path}" must start with "/"`)
  checkPrefix(name, { secure, path, domain })
  try {
    return stringifySetCookie({
      name,
      value,
      path,
      httpOnly,
      secure,
      sameSite,
      partitioned,
      ...(maxAge !== undefined && { maxAge: Math.floor(milliseconds(maxAge) / 1000) }),
      ...(domain !== undefined && { domain }),
    })
  } catch (cause) {
    throw bad(name, cause instanceof Error ? cause.message : 'it is not valid', cause)
  }
}

/** RFC 6265bis 4.1.3: browsers throw away cookies that do not keep what their name promises. */
function checkPrefix(name: string, options: { secure: boolean; path: string; domain: string | undefined }): void {
  const lower = name.toLowerCase()
  const isHost = lower.startsWith('__host-')
  if ((isHost || lower.startsWith('__secure-')) && !options.secure) throw bad(name, 'its name needs secure: true')
  if (isHost && options.path !== '/') throw bad(name, 'its name needs the path "/"')
  if (isHost && options.domain !== undefined) throw bad(name, 'its name allows no domain')
}

function bad(name: string, why: string, cause?: unknown) {
  return httpError('TAPRI_HTTP_COOKIE', `Cannot set the cookie ${JSON.stringify(name)}: ${why}`, { cause })
}
