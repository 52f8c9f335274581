import type { KnownConnection } from './connection.ts'
import type { LiveLoader } from './live-loader.ts'
import type { ManifestLoader } from './manifest.ts'
import type { Settings } from './options.ts'

/** What stands behind a client, which itself has no names but those of the routes. */
export interface Parts {
  readonly settings: Settings
  readonly manifest: ManifestLoader
  readonly connection: KnownConnection
  readonly live: LiveLoader
}
