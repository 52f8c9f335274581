#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a sentence and not a syntax error.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
// the first of each line whose SQLite is 3.51.3, before which two connections could corrupt a log
const oldest = major === 22 ? 23 : major === 24 ? 16 : 0
if (major < 22 || major === 23 || minor < oldest) {
  console.error(`Cannot run on Node ${process.versions.node}: tapri needs Node 22.23, 24.16 or newer, from https://nodejs.org`)
  process.exit(1)
}

// the published package holds what was built, the repository the sources
const built = new URL('../lib/cli/index.js', import.meta.url)
const { main } = await import(existsSync(built) ? built.href : new URL('../src/cli/index.ts', import.meta.url).href)
await main(process.argv.slice(2))
