import { Names } from '../place.ts'

const digits = 16

/** How keys are called in a cloud, which takes no empty files: these have a name of their own and one byte. */
export class CloudNames extends Names {
  empty(key: string): string {
    return this.beside('empty', key)
  }

  /** A piece of a file, by where in it it begins. */
  piece(key: string, offset: number): string {
    return `${this.partial(key)}/${String(offset).padStart(digits, '0')}`
  }

  /** Says that a file in pieces was begun. */
  marker(key: string): string {
    return `${this.partial(key)}/begun`
  }

  override keyOf(name: string): string | undefined {
    const key = super.keyOf(name)
    if (key !== undefined || !name.startsWith(`${this.prefix}empty/`)) return key
    return super.keyOf(this.prefix + name.slice(`${this.prefix}empty/`.length))
  }
}
