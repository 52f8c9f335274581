import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readHouse } from './house.ts'
import type { Finding, Rule } from './rule.ts'
import { lineAt, readSources } from './sources.ts'

interface Manifest {
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
}

const page = 'docs/dependencies.md'

/** Each dependency has a reason and a licence on its page, and nothing runs at install. */
export const dependencies: Rule = {
  name: 'dependencies',
  claim: 'dependencies are told, pinned, and run nothing at install',
  check(root) {
    const wanted = wantedPackages(root)
    const text = existsSync(join(root, page)) ? readFileSync(join(root, page), 'utf8') : ''
    const rows = [...text.matchAll(/^\| `([^`]+)` \|[^|]*\| ([^|]*) \|/gm)]
    const told = rows.map((row) => ({ name: row[1] ?? '', licence: (row[2] ?? '').trim(), line: lineAt(text, row.index) }))
    return [
      ...[...wanted]
        .filter(([name]) => !told.some((row) => row.name === name))
        .map(([name, file]) => ({
          file,
          line: 1,
          message: `depends on "${name}", which has no row in ${page}: say why it, its licence, its upkeep`,
        })),
      ...told
        .filter(({ name }) => !wanted.has(name))
        .map(({ name, line }) => ({ file: page, line, message: `tells of "${name}", which nothing depends on: remove the row` })),
      ...told.flatMap(({ name, licence, line }) => licenceFindings(root, { name, licence, line })),
      ...pinFindings(root),
      ...scriptFindings(root),
    ]
  },
}

function licenceFindings(root: string, { name, licence, line }: { name: string; licence: string; line: number }): Finding[] {
  const installed = join(root, 'node_modules', name, 'package.json')
  // another platform's package is not installed here
  if (!existsSync(installed)) return []
  const manifest: Manifest = JSON.parse(readFileSync(installed, 'utf8'))
  if (manifest.license === licence) return []
  return [
    {
      file: page,
      line,
      message: `says that "${name}" is under ${licence}, its package says ${manifest.license}: correct the row`,
    },
  ]
}

function pinFindings(root: string): Finding[] {
  return manifests(root).flatMap(({ file, manifest }) =>
    [...requests(manifest)]
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(([name, version]) => ({ file, line: 1, message: `asks for "${name}" as "${version}": pin one exact version` })),
  )
}

function scriptFindings(root: string): Finding[] {
  const path = join(root, 'package-lock.json')
  if (!existsSync(path)) return []
  const lock: Lock = JSON.parse(readFileSync(path, 'utf8'))
  return Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([name]) => ({
      file: 'package-lock.json',
      line: 1,
      message: `"${name}" runs a script at install: take a package that needs none`,
    }))
}

/** Every package from outside that a manifest asks for, with the first manifest that does. */
function wantedPackages(root: string): Map<string, string> {
  const wanted = new Map<string, string>()
  for (const { file, manifest } of manifests(root)) {
    for (const [name] of requests(manifest)) {
      if (name !== 'tapri' && !wanted.has(name)) wanted.set(name, file)
    }
  }
  return wanted
}

function requests(manifest: Manifest): [string, string][] {
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies })
}

function manifests(root: string): { file: string; manifest: Manifest }[] {
  return readSources(root, ['package.json', ...readHouse(root).code], /(?:^|\/)package\.json$/).map(({ file, text }) => ({
    file,
    manifest: JSON.parse(text),
  }))
}
