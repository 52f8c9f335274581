import { existsSync, readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'
import type { Measured } from './run.ts'

/** A benchmark's page: its figures, its report, and on what it was measured. */
export function resultPage(name: string, { figures, missing, report }: Measured): string {
  const rows = Object.entries(figures).map(([figure, value]) => `| ${figure} | ${format(value)} |`)
  const absent = missing.length === 0 ? [] : ['', `Not measurable on this machine: ${missing.join(', ')}.`]
  const page = [
    `# bench/${name}`,
    '',
    `Written by \`npm run bench -- ${name}\`.`,
    '',
    '| figure | value |',
    '|---|---:|',
    ...rows,
    ...absent,
    '',
    report.trim(),
    '',
    '## Machine and versions',
    '',
    ...machine().map((line) => `- ${line}`),
  ]
  return `${page.join('\n')}\n`
}

function format(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(3)
}

function machine(): string[] {
  const model = cpus()[0]?.model.trim() || 'unknown processor'
  return [
    `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 1024 ** 3)} GB, ${platform()} ${arch()}`,
    `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    `TypeScript ${versionOf('typescript')}`,
    ...peers().map((peer) => `${peer} ${versionOf(peer)}`),
  ]
}

function peers(): string[] {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(read('../../bench/package.json'))
  return Object.keys(manifest.dependencies)
}

/** A package that others need in another version is installed in the benchmarks' own folder. */
function versionOf(name: string): string {
  const own = `../../bench/node_modules/${name}/package.json`
  const place = existsSync(new URL(own, import.meta.url)) ? own : `../../node_modules/${name}/package.json`
  const manifest: { version: string } = JSON.parse(read(place))
  return manifest.version
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}
