// A reporter for `node --test` that counts: one line of JSON at the end, for scripts/test.mjs.
import { basename } from 'node:path'

/** Counts tests, not suites. A file without a test would pass as one: it is counted as failed. */
export default async function* tally(events) {
  const counts = { passed: 0, failed: 0, skipped: [], empty: [] }
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite') continue
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped.push(skipLine(data))
    else if (type === 'test:fail') counts.failed++
    else if (isWholeFile(data)) counts.empty.push(data.name)
    else counts.passed++
  }
  yield `${JSON.stringify(counts)}\n`
}

function skipLine({ name, skip, todo }) {
  const reason = [skip, todo].find((value) => typeof value === 'string')
  return reason === undefined ? name : `${name}: ${reason}`
}

// the runner reports a file in which no test ran as one test named after the file
function isWholeFile({ name, file, nesting }) {
  return nesting === 0 && file !== undefined && basename(name) === basename(file) && /\.test\.[cm]?[jt]s$/.test(name)
}
