import { existsSync, readdirSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { httpError } from '../errors.ts'
import type { EngineOptions, Template, ViewEngine } from './engine.ts'

/** Where the views of an app are. */
export interface ViewOptions {
  /** Relative to the working directory. */
  readonly from: string
  /** A view that is put around every other; it is given what that one is, and `body`, its HTML. None unless told. */
  readonly layout?: string
}
export interface RenderOptions {
  /** Another layout for this one view; false for none. */
  readonly layout?: string | false
}

type Data = Readonly<Record<string, unknown>>
type Maker = (options: EngineOptions) => ViewEngine
interface Language {
  readonly package: string
  load(): Promise<{ readonly openEngine: Maker }>
}

const handlebars: Language = { package: 'handlebars', load: () => import('./handlebars.ts') }
/** The languages by the endings of their files; each package is loaded when its first view is shown. */
const languages: Readonly<Record<string, Language>> = {
  '.ejs': { package: 'ejs', load: () => import('./ejs.ts') },
  '.pug': { package: 'pug', load: () => import('./pug.ts') },
  '.hbs': handlebars,
  '.handlebars': handlebars,
  '.eta': { package: 'eta', load: () => import('./eta.ts') },
}

/** The views of one app, by name: `videos/watch` is `videos/watch.ejs`, or `.pug`, `.hbs`, `.handlebars`, `.eta`. */
export class Views {
  readonly #options: EngineOptions
  readonly #layout: string | undefined
  readonly #engines = new Map<string, Promise<ViewEngine>>()
  readonly #templates = new Map<string, Promise<Template>>()
  #files: ReadonlyMap<string, string> | undefined

  /** @throws TAPRI_HTTP_VIEW when there is no such folder */
  constructor({ from, layout }: ViewOptions, { cache }: { readonly cache: boolean }) {
    const root = resolve(from)
    if (!existsSync(root)) throw httpError('TAPRI_HTTP_VIEW', `Cannot show views of "${from}": there is no such folder`)
    this.#options = { root, cache }
    this.#layout = layout
  }

  /** The HTML of a view, in its layout.
   * @throws TAPRI_HTTP_VIEW, TAPRI_HTTP_NO_ENGINE */
  async render(name: string, data: Data, { layout = this.#layout ?? false }: RenderOptions = {}): Promise<string> {
    const body = await this.#show(name, data)
    return layout === false ? body : this.#show(layout, { ...data, body })
  }

  async #show(name: string, data: Data): Promise<string> {
    const template = await this.#template(name)
    try {
      return await template(data)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw httpError('TAPRI_HTTP_VIEW', `Cannot show the view "${name}": ${reason}`, { cause })
    }
  }

  #template(name: string): Promise<Template> {
    if (!this.#options.cache) this.#files = undefined
    const known = this.#options.cache ? this.#templates.get(name) : undefined
    if (known !== undefined) return known
    const made = this.#compile(name)
    this.#templates.set(name, made)
    // what cannot be read now may be there the next time
    made.catch(() => this.#templates.delete(name))
    return made
  }

  async #compile(name: string): Promise<Template> {
    this.#files ??= viewsIn(this.#options.root)
    const file = this.#files.get(name)
    if (file === undefined) {
      const near = [...this.#files.keys()].slice(0, 20).join(', ')
      throw httpError('TAPRI_HTTP_VIEW', `Cannot show the view "${name}": there is none of that name, there is ${near}`)
    }
    const engine = await this.#engine(extname(file))
    try {
      return await engine.compile(file)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw httpError('TAPRI_HTTP_VIEW', `Cannot read the view "${name}": ${reason}`, { cause })
    }
  }

  #engine(extension: string): Promise<ViewEngine> {
    const known = this.#engines.get(extension)
    if (known !== undefined) return known
    const opened = openLanguage(languages[extension], this.#options)
    this.#engines.set(extension, opened)
    return opened
  }
}

async function openLanguage(language: Language | undefined, options: EngineOptions): Promise<ViewEngine> {
  try {
    const { openEngine } = (await language?.load()) ?? {}
    if (openEngine !== undefined) return openEngine(options)
  } catch (cause) {
    const name = language?.package
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const message = `Cannot show views of ${name}: the package "${name}" is not installed, run "npm install ${name}"`
    throw httpError('TAPRI_HTTP_NO_ENGINE', message, { cause })
  }
  throw httpError('TAPRI_HTTP_VIEW', 'Cannot show a view whose language is unknown')
}

/** All views of a folder by name; only these can be shown, whatever a name holds. */
function viewsIn(root: string): ReadonlyMap<string, string> {
  const views = new Map<string, string>()
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    const extension = extname(entry)
    const name = entry.slice(0, -extension.length).replaceAll('\\', '/')
    if (extension in languages && !views.has(name)) views.set(name, join(root, entry))
  }
  return views
}
