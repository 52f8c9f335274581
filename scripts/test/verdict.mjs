/**
 * What a test run comes to: the lines that say so, the closing line last, and the exit code.
 * With `strict` a skipped test is a failed one.
 */
export function verdict({ passed, failed, skipped, empty }, { strict, ended }) {
  const lines = []
  for (const file of empty) lines.push(`No test ran in ${file}: write one or remove the file`)
  // above may be hundreds of lines: what did not run is said where it is seen
  const forbidden = strict ? skipped : []
  for (const line of skipped) lines.push(`${strict ? 'Skipped, which CI=true forbids' : 'Skipped'}: ${line}`)
  const all = passed + failed + skipped.length + empty.length
  if (all === 0) lines.push('No test ran')
  const allFailed = failed + empty.length + forbidden.length
  const isGood = allFailed === 0 && ended === 0 && all > 0
  if (!isGood && allFailed === 0 && ended !== 0) lines.push(`The test runner ended with ${ended}`)
  const closing = [`${passed} passed`, `${allFailed} failed`]
  if (skipped.length > forbidden.length) closing.push(`${skipped.length - forbidden.length} skipped`)
  lines.push(closing.join(', '))
  return { lines, code: isGood ? 0 : 1 }
}
