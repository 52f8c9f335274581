import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository that holds the tools; the folder under check may be another. */
export const home = fileURLToPath(new URL('../..', import.meta.url))

export const tools = {
  tsc: 'node_modules/typescript/bin/tsc',
  biome: 'node_modules/@biomejs/biome/bin/biome',
} as const

export interface Ended {
  readonly code: number
  readonly output: string
}

/** Runs one of the house's tools in a folder and gives what it printed. */
export function runTool(tool: keyof typeof tools, args: readonly string[], folder: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${home}/${tools[tool]}`, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: string[] = []
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, output: chunks.join('') }))
  })
}
