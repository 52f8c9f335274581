// Asks a server as fast as it answers, in a process of its own so that the load has its own core.
import autocannon from 'autocannon'

interface Job {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly body?: string
  readonly seconds: number
  readonly connections: number
}

process.on('disconnect', () => process.exit())
process.on('message', async (job: Job) => {
  const { url, method, body, seconds, connections } = job
  const result = await autocannon({
    url,
    method,
    connections,
    duration: seconds,
    ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
  })
  process.send?.({ requests: result['2xx'], failed: result.non2xx + result.errors + result.timeouts, seconds: result.duration })
})
process.send?.({ ready: true })
