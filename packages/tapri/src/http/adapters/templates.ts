import type { Head, Heads } from '../heads.ts'

interface Template {
  readonly headers: Headers
  /** Where the head has its entity tag; -1 for none. */
  readonly tagAt: number
}

/** The ready heads of a server as web-standard headers, made once: an answer copies them, which costs least. */
export class Templates {
  readonly #byHead = new Map<Head, Template>()

  constructor({ json, wire, text, html, bytes, problem }: Heads) {
    this.#byHead.set(problem, { headers: withoutLength(problem), tagAt: -1 })
    for (const { plain, tagged } of [json, wire, text, html, bytes]) {
      this.#byHead.set(plain, { headers: withoutLength(plain), tagAt: -1 })
      this.#byHead.set(tagged, { headers: withoutLength(tagged), tagAt: tagged.length - 3 })
    }
  }

  /** The headers of a ready head, without the length that the runtime counts by itself; undefined when it is another one. */
  filled(head: Head): Headers | undefined {
    const template = this.#byHead.get(head)
    if (template === undefined) return undefined
    if (template.tagAt !== -1) template.headers.set('ETag', String(head[template.tagAt]))
    return template.headers
  }
}

function withoutLength(head: Head): Headers {
  const headers = new Headers()
  for (let index = 0; index < head.length - 2; index += 2) headers.append(String(head[index]), String(head[index + 1]))
  return headers
}
