/** What one part of the benchmark found. */
export interface Found {
  readonly figures: Readonly<Record<string, number>>
  /** What could not be measured here, and why. */
  readonly missing: readonly string[]
  /** For people, in Markdown. */
  readonly report: string
}

/** One part of a benchmark; all of them together end within a minute when they are quick. */
export interface Part {
  readonly title: string
  measure(options: { readonly quick: boolean }): Promise<Found>
}
