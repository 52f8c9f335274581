/** How one kind of server is found and started on this machine. */
export interface Maker {
  /** Looks for the program; throws `Missing` with the reason when it is not there. */
  find(): Program
}

export interface Program {
  readonly version: string
  /** Fills an empty folder with a fresh data directory; done once per version and kept. */
  readonly initialise: (folder: string) => Promise<void>
  /** The command line that serves a data directory. */
  readonly serve: (options: ServeOptions) => Command
  /** The address of what is served, once it is ready; and what more has to be opened for it. */
  readonly front?: (port: number) => Promise<Front>
  readonly url: (port: number) => string
}

/** Something between the server and its users. */
export interface Front {
  readonly url: string
  close(): Promise<void>
}

export interface ServeOptions {
  readonly folder: string
  readonly port: number
  /** Whether each commit must survive a power cut; tests that share a server do without. */
  readonly durable: boolean
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** What the server writes once it takes connections. */
  readonly ready: RegExp
  /** The signal that ends it without leaving anything behind. */
  readonly end: NodeJS.Signals
}
