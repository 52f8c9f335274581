import { notFound } from '../../kit/errors.ts'
import { filesError } from '../errors.ts'
import { isStoreKey } from '../store.ts'

/** How keys are called on a server that other things may be on too. */
export class Names {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Where a file is. @throws TAPRI_NOT_FOUND for what is no key */
  whole(key: string): string {
    return this.#prefix + checked(key)
  }

  /** Where what tells of a file that comes in pieces is. */
  partial(key: string): string {
    return this.beside('partial', key)
  }

  protected beside(folder: string, key: string): string {
    return `${this.#prefix}${folder}/${checked(key)}`
  }

  get prefix(): string {
    return this.#prefix
  }

  keyOf(name: string): string | undefined {
    const key = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : ''
    return isStoreKey(key) ? key : undefined
  }
}

function checked(key: string): string {
  if (!isStoreKey(key)) throw notFound('No bytes are kept under such a key')
  return key
}

const prefixForm = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,199}$/

/** The `prefix` of a URL with a slash at its end; an empty one when there is none. */
export function readPrefix(options: URLSearchParams, wrong: (why: string) => Error): string {
  const given = options.get('prefix') ?? ''
  if (given === '') return ''
  if (!prefixForm.test(given) || /(?:^|\/)\.{0,2}(?:\/|$)/.test(given.replace(/\/$/, '')))
    throw wrong(`its prefix is "${given}", it must be like "shop/files"`)
  return given.endsWith('/') ? given : `${given}/`
}

/** Complains of what is no option of such a URL. */
export function checkOptions(options: URLSearchParams, known: readonly string[], wrong: (why: string) => Error): void {
  const stranger = [...options.keys()].find((name) => !known.includes(name))
  if (stranger !== undefined) throw wrong(`it has the option "${stranger}", known are ${known.join(', ')}`)
}

/** The form that a URL must have; the URL may hold a password, so it is not repeated. */
export function unreadable(kind: string, form: string): Error {
  const how = `it must be like "${form}", with %-signs for special characters (%2F for a slash in a key)`
  return filesError('TAPRI_FILES_URL', `Cannot use ${kind} for files: FILES_URL cannot be read, ${how}`)
}

/** A part of a URL as it was meant. */
export function decodePart(text: string, kind: string, form: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unreadable(kind, form)
  }
}
