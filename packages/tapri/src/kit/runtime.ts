/** Whether this is Node itself: the other runtimes have its interface, not all of its ways. */
export const isNode = process.versions.bun === undefined && !('Deno' in globalThis)
