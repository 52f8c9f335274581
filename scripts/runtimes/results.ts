export interface Results {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  /** For want of a server or a program. */
  readonly skipped: readonly string[]
}

/** The titles of the tests by what became of them, as `bun test` and `deno test` print them. */
export function readResults(output: string): Results {
  const passed: string[] = []
  const failed: string[] = []
  const skipped: string[] = []
  for (const line of output.split('\n')) {
    const [, bunWord, bunTitle] = /^\((pass|fail|skip)\) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line) ?? []
    const [, denoTitle, denoWord] = /^(\S.*) \.\.\. .*?(ok|FAILED|ignored)(?: \([^)]*\))?$/.exec(line) ?? []
    const title = bunTitle ?? denoTitle
    if (title === undefined) continue
    if (bunWord === 'pass' || denoWord === 'ok') passed.push(title)
    else if (bunWord === 'skip' || denoWord === 'ignored') skipped.push(title)
    else failed.push(title)
  }
  return { passed, failed, skipped }
}
