declare module 'negotiator' {
  interface Headers {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
  }
  export default class Negotiator {
    constructor(request: Headers)
    encoding(available: string[], options?: { readonly preferred?: readonly string[] }): string | undefined
    mediaType(available: string[]): string | undefined
    language(available: string[]): string | undefined
  }
}
