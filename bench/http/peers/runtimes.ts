// What of the runtimes' own servers is used here: their packages of types would declare far more, for the whole repository.

interface Listening {
  readonly hostname: '127.0.0.1'
  readonly port: 0
}

interface BunRuntime {
  serve(
    options: Listening & {
      readonly routes: Readonly<Record<string, Readonly<Record<string, (request: BunRequest) => Response | Promise<Response>>>>>
      fetch(request: Request): Response | Promise<Response>
    },
  ): { readonly port: number }
  file(path: string): Blob
}

/** A request that Bun has routed. */
export interface BunRequest extends Request {
  readonly params: Readonly<Record<string, string>>
}

interface DenoRuntime {
  serve(
    options: Listening & { onListen(): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): {
    readonly addr: { readonly port: number }
  }
  open(path: string): Promise<{ readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> }>
}

/** @throws when this is not Bun */
export function bun(): BunRuntime {
  return runtime<BunRuntime>('Bun')
}

/** @throws when this is not Deno */
export function deno(): DenoRuntime {
  return runtime<DenoRuntime>('Deno')
}

// The two are in their global scopes as their manuals describe them; this is the one place that says so.
function runtime<Kind>(name: 'Bun' | 'Deno'): Kind {
  const found: unknown = Reflect.get(globalThis, name)
  if (found === undefined) throw new Error(`Cannot serve: this runs on ${name} alone`)
  return found as Kind
}
