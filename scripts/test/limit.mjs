// Loaded by every test file of `npm test`: a test whose time is over may leave open what keeps its process, and the run, for ever.
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

const minutes = Number(process.env.TAPRI_TEST_FILE_MINUTES ?? 15)

if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) setTimeout(giveUp, minutes * 60_000).unref()

function giveUp() {
  const open = process.getActiveResourcesInfo().join(', ')
  process.stderr.write(`Ended after ${minutes} minutes: ${process.argv[1]} did not end by itself; open are ${open}\n`)
  process.exit(1)
}
