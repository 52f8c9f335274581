// The package carries no types; this is what is asked of it here, and what Kysely's dialect asks.
declare module 'better-sqlite3' {
  export interface Statement {
    readonly reader: boolean
    all(parameters: readonly unknown[]): unknown[]
    run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
    iterate(parameters: readonly unknown[]): IterableIterator<unknown>
  }
  export default class Database {
    constructor(path: string)
    pragma(text: string): unknown
    prepare(sql: string): Statement
    close(): void
  }
}
