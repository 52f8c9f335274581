import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateApp } from './generate.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))
const routes = 200
const cache = `types-${process.pid}`

export interface TypeCost {
  readonly instantiationsPerRoute: number
  readonly instantiations: { readonly withoutRoutes: number; readonly withRoutes: number }
  readonly seconds: number
}

/**
 * What one more route costs the compiler: an app of 200 routes against the same app without any,
 * compiled by `root`'s own packages with one checker, so that the count is the same on every machine.
 */
export async function measureTypes(root: string = home): Promise<TypeCost> {
  const folder = join(root, 'node_modules', '.cache', cache)
  try {
    const withoutRoutes = await count(join(folder, 'none'), 0)
    const withRoutes = await count(join(folder, 'all'), routes)
    return {
      instantiationsPerRoute: Math.round((withRoutes.instantiations - withoutRoutes.instantiations) / routes),
      instantiations: { withoutRoutes: withoutRoutes.instantiations, withRoutes: withRoutes.instantiations },
      seconds: withRoutes.seconds,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function count(folder: string, number: number): Promise<{ instantiations: number; seconds: number }> {
  const files = generateApp(number)
  for (const [name, code] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), code)
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(home, 'tsconfig.json'), include: [], files: [...files.keys()] }),
  )
  const output = await runCompiler(folder)
  return { instantiations: read(output, 'Instantiations'), seconds: read(output, 'Total time') }
}

function runCompiler(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const tsc = join(home, 'node_modules', 'typescript', 'bin', 'tsc')
    const args = [tsc, '-p', folder, '--extendedDiagnostics', '--singleThreaded', '--pretty', 'false']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    child.once('error', reject)
    child.once('close', () => {
      // what is wrong in the sources is for `npm run check` to tell
      const wrong = output.split('\n').filter((line) => line.includes(cache) && line.includes('error TS'))
      if (wrong.length === 0) resolve(output)
      else reject(new Error(`The generated app does not compile:\n${wrong.slice(0, 10).join('\n')}`))
    })
  })
}

function read(output: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(output)
  if (found === null) throw new Error(`tsc tells no "${name}": its --extendedDiagnostics read\n${output}`)
  return Number(found[1])
}
