/** What the typed client must know of one route to call it. */
export interface ManifestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its prefix and its `:names`. */
  readonly path: string
  /** The names that travel in the query; `*` when the route's schema does not list them. */
  readonly query: readonly string[] | '*'
  /** `form` when the body has files: it travels as multipart/form-data. */
  readonly body: 'none' | 'json' | 'form'
}

/** Every route of an app by its name, like `videos.list`. */
export type Manifest = Readonly<Record<string, ManifestRoute>>
