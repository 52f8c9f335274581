/** What was heard, to be looked at. */
export interface Heard {
  readonly texts: readonly string[]
  hear(text: string): void
  /** Resolves when so many were heard, or one that is so. */
  until(enough: number | string): Promise<void>
}

export function hearing(): Heard {
  const texts: string[] = []
  const waiting = new Set<() => void>()
  return {
    texts,
    hear(text) {
      texts.push(text)
      for (const look of waiting) look()
    },
    async until(enough) {
      const isEnough = () => (typeof enough === 'number' ? texts.length >= enough : texts.includes(enough))
      while (!isEnough()) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.add(resolve)
        await promise
        waiting.delete(resolve)
      }
    },
  }
}
