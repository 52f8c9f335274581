/** What is kept, and how often that spared a read. */
export interface Figures {
  /** Rows, counts and groups that are held now; an answer without any counts for one. */
  rows: number
  /** Reads that are held now. */
  entries: number
  /** Reads that were answered without asking the database. */
  hits: number
  /** Reads that asked the database. */
  misses: number
  /** Those of them that filled a window in which too few rows were left. */
  refills: number
  /** No more than so many `rows` are kept. */
  readonly mostRows: number
}
