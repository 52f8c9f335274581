import type { Manifest, ManifestRoute } from '../kit/manifest.ts'
import { readWhole, refuse } from './answer.ts'
import { clientError } from './errors.ts'
import type { Settings } from './options.ts'
import type { OutgoingRequest } from './request.ts'
import { send } from './send.ts'

/** The server's routes: asked for once, by the first call; asked for again when that failed. */
export class ManifestLoader {
  readonly #settings: Settings
  #loading: Promise<Manifest> | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** @throws TAPRI_CLIENT_ROUTE when the server has no such route */
  async route(name: string): Promise<ManifestRoute> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    const manifest = await this.#loading
    const route = Object.hasOwn(manifest, name) ? manifest[name] : undefined
    if (route !== undefined) return route
    throw clientError('TAPRI_CLIENT_ROUTE', `Cannot call "${name}": the server at ${this.#settings.base} has no such route`)
  }

  async #load(): Promise<Manifest> {
    const url = `${this.#settings.base}/tapri.json`
    const manifest = await send(this.#settings, { method: 'GET', url, headers: {}, body: undefined }, read)
    if (isManifest(manifest)) return manifest
    throw clientError('TAPRI_CLIENT_ANSWER', `Cannot understand ${url}: it does not list routes; is this the address of the API?`)
  }
}

async function read(request: OutgoingRequest, answer: Response): Promise<unknown> {
  await refuse(request, answer)
  return readWhole(request, answer)
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && Object.values(value).every(isRoute)
}

function isRoute(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'query' in value && 'body' in value
  )
}
