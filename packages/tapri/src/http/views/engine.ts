/** A template made ready: data in, HTML out. */
export type Template = (data: Readonly<Record<string, unknown>>) => string | Promise<string>

export interface EngineOptions {
  /** The folder of all views, as a whole path: what templates include is looked for in it. */
  readonly root: string
  /** Whether templates are read once; otherwise each use sees the file as it is. */
  readonly cache: boolean
}

/** One template language. Values that a template shows are escaped unless the template says otherwise. */
export interface ViewEngine {
  /** Reads and compiles the file, a whole path within the root. */
  compile(file: string): Promise<Template>
}
