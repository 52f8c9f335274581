// Asks a server as fast as it answers, in a process of its own so that the load has its own core.
import autocannon from 'autocannon'

/** What is asked, and for how long or how often. */
export interface Job {
  readonly url: string
  readonly body?: string | undefined
  /** The status that the answers must have. */
  readonly status: number
  readonly connections: number
  /** One of the two. */
  readonly seconds?: number
  readonly requests?: number
}

/** Milliseconds after which autocannon looks whether it is time to end: a second, unless told. */
const tick = 50

process.on('disconnect', () => process.exit())
process.on('message', async (job: Job) => {
  const { url, body, status, connections, seconds, requests } = job
  const result = await autocannon({
    url,
    method: body === undefined ? 'GET' : 'POST',
    connections,
    sampleInt: tick,
    ...(requests === undefined ? { duration: seconds ?? 1 } : { amount: requests }),
    ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
  })
  const right = status < 300 ? result['2xx'] : result['4xx']
  const all = result['1xx'] + result['2xx'] + result['3xx'] + result['4xx'] + result['5xx']
  process.send?.({ requests: right, failed: all - right + result.errors + result.timeouts, seconds: result.duration })
})
process.send?.({ ready: true })
