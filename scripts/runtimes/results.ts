/** The titles of the tests that passed and failed, as `bun test` and `deno test` print them. */
export function readResults(output: string): { readonly passed: readonly string[]; readonly failed: readonly string[] } {
  const passed: string[] = []
  const failed: string[] = []
  for (const line of output.split('\n')) {
    const [, bunWord, bunTitle] = /^\((pass|fail)\) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line) ?? []
    const [, denoTitle, denoWord] = /^(\S.*) \.\.\. .*?(ok|FAILED)(?: \([^)]*\))?$/.exec(line) ?? []
    const title = bunTitle ?? denoTitle
    if (title === undefined) continue
    if (bunWord === 'pass' || denoWord === 'ok') passed.push(title)
    else failed.push(title)
  }
  return { passed, failed }
}
