import { findRuntime } from '../../scripts/runtimes/find.ts'

export type RuntimeName = 'node' | 'bun' | 'deno'

/** A server of this benchmark: a program of its own in `peers/`. */
export interface Contender {
  readonly name: string
  /** For people. */
  readonly title: string
  readonly runtime: RuntimeName
}

export interface Runtime {
  readonly name: RuntimeName
  readonly title: string
  /** The program and what comes before the script. */
  readonly command: readonly string[]
  readonly version: string
}

/** The first of each runtime is the floor: what a person writes on the runtime's own server. */
export const contenders: readonly Contender[] = [
  { name: 'raw', title: 'node:http', runtime: 'node' },
  { name: 'tapri', title: 'Tapri', runtime: 'node' },
  { name: 'tapri-bare', title: 'Tapri, all off', runtime: 'node' },
  { name: 'fastify', title: 'Fastify', runtime: 'node' },
  { name: 'hono', title: 'Hono', runtime: 'node' },
  { name: 'h3', title: 'h3', runtime: 'node' },
  { name: 'express', title: 'Express', runtime: 'node' },
  { name: 'koa', title: 'Koa', runtime: 'node' },
  { name: 'nest-express', title: 'NestJS on Express', runtime: 'node' },
  { name: 'nest-fastify', title: 'NestJS on Fastify', runtime: 'node' },
  { name: 'bun-raw', title: 'Bun.serve', runtime: 'bun' },
  { name: 'tapri', title: 'Tapri', runtime: 'bun' },
  { name: 'bun-elysia', title: 'Elysia', runtime: 'bun' },
  { name: 'bun-hono', title: 'Hono', runtime: 'bun' },
  { name: 'deno-raw', title: 'Deno.serve', runtime: 'deno' },
  { name: 'tapri', title: 'Tapri', runtime: 'deno' },
  { name: 'deno-hono', title: 'Hono', runtime: 'deno' },
]

const ours: readonly string[] = ['tapri', 'tapri-bare']

/** Whether it is somebody else's framework: neither Tapri nor the floor. */
export function isPeer({ name }: Contender): boolean {
  return !ours.includes(name) && !name.endsWith('raw')
}

/** Those that are here: Node, and Bun and Deno where they are found or `npm run runtimes -- prepare` has fetched them. */
export function runtimes(): readonly Runtime[] {
  const node: Runtime = {
    name: 'node',
    title: 'Node',
    command: [process.execPath, '--disable-warning=ExperimentalWarning', '--expose-gc'],
    version: process.versions.node,
  }
  return [
    node,
    ...installed('bun', { title: 'Bun', args: [] }),
    ...installed('deno', {
      title: 'Deno',
      args: ['run', '--allow-all', '--no-check', '--no-lock', '--node-modules-dir=manual', '--v8-flags=--expose-gc'],
    }),
  ]
}

function installed(
  name: Exclude<RuntimeName, 'node'>,
  { title, args }: { readonly title: string; readonly args: readonly string[] },
): Runtime[] {
  const found = findRuntime(name)
  return found === undefined ? [] : [{ name, title, command: [found.program, ...args], version: found.version }]
}
