import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ask, faultsOf } from './check.ts'
import { type Contender, contenders, type Runtime, type RuntimeName, runtimes } from './contenders.ts'
import { makeFolder } from './rows/file.ts'
import { rows } from './rows.ts'
import { openServer, type Server } from './server.ts'

const { folder, remove } = makeFolder()
after(remove)
const here = new Map(runtimes().map((runtime) => [runtime.name, runtime]))

for (const contender of contenders) {
  const runtime = here.get(contender.runtime)
  const skip = runtime === undefined && `${contender.runtime} is not installed`
  test(`${contender.title} on ${contender.runtime} answers every row as all others do`, { skip }, async () => {
    assert.deepEqual(await asking(contender, runtime, faultsIn), [])
  })
}

const floors = contenders.filter(({ name }) => name.endsWith('raw'))
for (const floor of floors) {
  const runtime = here.get(floor.runtime)
  const skip = runtime === undefined && `${floor.runtime} is not installed`
  test(`${floor.title} sends the headers that Tapri sends there`, { skip }, async () => {
    const expected = await asking(tapriOn(floor.runtime), runtime, headersFrom)
    assert.deepEqual(await asking(floor, runtime, headersFrom), expected)
  })
}

function tapriOn(runtime: RuntimeName): Contender {
  const found = contenders.find((contender) => contender.name === 'tapri' && contender.runtime === runtime)
  assert.ok(found)
  return found
}

async function asking<Answer>(
  contender: Contender,
  runtime: Runtime | undefined,
  question: (server: Server) => Promise<Answer>,
): Promise<Answer> {
  assert.ok(runtime)
  const server = await openServer(contender, { runtime, folder })
  try {
    return await question(server)
  } finally {
    await server.stop()
  }
}

async function faultsIn({ origin }: Server): Promise<string[]> {
  const faults: string[] = []
  for (const row of rows) faults.push(...(await faultsOf(origin, row)).map((fault) => `${row.name}: ${fault}`))
  return faults
}

/** Each belongs to the runtime, or to the connection. */
const notOurs = new Set(['date', 'connection', 'keep-alive'])

async function headersFrom({ origin }: Server): Promise<Record<string, Record<string, unknown>>> {
  const headers: Record<string, Record<string, unknown>> = {}
  for (const row of rows) {
    const received = await ask(origin, row)
    headers[row.name] = Object.fromEntries(
      Object.entries(received.headers)
        .filter(([name]) => !notOurs.has(name))
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    )
  }
  return headers
}
