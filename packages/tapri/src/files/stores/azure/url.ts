import { filesError } from '../../errors.ts'
import { checkOptions, decodePart, readPrefix, unreadable } from '../place.ts'

/** Where a container of Azure is, and how it is spoken to. */
export interface AzureUrl {
  readonly account: string
  /** In Base64, as the portal shows it. */
  readonly key: string
  /** Without the container. */
  readonly endpoint: string
  /** By which browsers reach it, when that is another address. */
  readonly publicEndpoint: string | undefined
  readonly container: string
  /** In front of every key: empty, or with a slash at its end. */
  readonly prefix: string
  /** What messages show. */
  readonly shown: string
}

const options = ['prefix', 'public', 'tls']
const form = 'azure://ACCOUNT:KEY@ACCOUNT.blob.core.windows.net/CONTAINER'

/**
 * Reads `azure://ACCOUNT:KEY@HOST/CONTAINER?…` with the options `prefix`, `public` and `tls=off`. Where the host does not begin
 * with the account, as on a machine of one's own, the account is the first part of the path.
 * @throws TAPRI_FILES_URL
 * @example readAzureUrl('azure://shop:a2V5@shop.blob.core.windows.net/kites').container // 'kites'
 */
export function readAzureUrl(text: string): AzureUrl {
  const url = URL.parse(text)
  const [, container] = /^\/([a-z0-9$][a-z0-9-]{2,62})\/?$/.exec(url?.pathname ?? '') ?? []
  if (url === null || container === undefined || url.username === '' || url.password === '') throw unreadable('Azure', form)
  const shown = `azure://${url.host}/${container}`
  const wrong = (why: string) => filesError('TAPRI_FILES_URL', `Cannot use the files at "${shown}": ${why}`)
  const given = url.searchParams
  checkOptions(given, options, wrong)
  const tls = given.get('tls') ?? 'on'
  if (tls !== 'on' && tls !== 'off') throw wrong(`tls is "${tls}", it must be on or off`)
  const account = decodePart(url.username, 'Azure', form)
  const path = url.hostname.split('.', 1)[0] === account ? '' : `/${account}`
  const publicAddress = given.get('public') ?? undefined
  if (publicAddress !== undefined && !/^https?:\/\/[^/?#]+$/.test(publicAddress)) {
    throw wrong(`public is "${publicAddress}", it must be like "https://files.example.com"`)
  }
  return {
    account,
    key: decodePart(url.password, 'Azure', form),
    endpoint: `${tls === 'off' ? 'http' : 'https'}://${url.host}${path}`,
    publicEndpoint: publicAddress === undefined ? undefined : publicAddress + path,
    container,
    prefix: readPrefix(given, wrong),
    shown,
  }
}
