import type { WatchedConnection } from './connection.ts'
import type { LiveAnswers } from './live.ts'
import type { LiveValues } from './live-values.ts'
import type { ManifestLoader } from './manifest.ts'
import type { OptimisticWrites } from './optimistic.ts'
import type { Settings } from './options.ts'

/** What stands behind a client, which itself has no names but those of the routes. */
export interface Parts {
  readonly settings: Settings
  readonly manifest: ManifestLoader
  readonly connection: WatchedConnection
  readonly live: LiveAnswers
  readonly values: LiveValues
  readonly writes: OptimisticWrites
}
