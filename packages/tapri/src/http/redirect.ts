import { httpError } from './errors.ts'

const nowhere = 'http://nowhere.invalid'

/**
 * A Location that stays on this host or leads to a listed one. Texts that browsers read as another host
 * (`//evil.com`, `/\evil.com`, a tab inside) are judged as browsers do: by parsing them.
 * @throws TAPRI_HTTP_REDIRECT
 */
export function redirectTarget(to: string, hosts: ReadonlySet<string>): string {
  const url = URL.canParse(to, nowhere) ? new URL(to, nowhere) : undefined
  // "/.//evil.com" resolves to the path "//evil.com", which a browser would take for a host
  const isPath = to.startsWith('/') && url?.origin === nowhere && !url.pathname.startsWith('//')
  if (url !== undefined && isPath) return url.pathname + url.search + url.hash
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url !== undefined && isHttp && hosts.has(url.host) && url.username === '' && url.password === '') return url.href
  throw httpError(
    'TAPRI_HTTP_REDIRECT',
    `Cannot redirect to ${JSON.stringify(to.slice(0, 200))}: only to paths that start with "/" and to hosts in redirectHosts`,
  )
}
