import { monitorEventLoopDelay } from 'node:perf_hooks'
import { tapri } from 'tapri'

// An app in a process of its own: it tells its address, and on each message how late its event loop was since the one before.
const { app, controller, visitor } = tapri({ models: {} })

const resolution = 20
const works = controller('/works', {
  hi: visitor.get('/hi', () => 'hi'),
  slow: visitor.get('/slow', () => new Promise<string>((resolve) => setTimeout(() => resolve('slow'), 1000))),
  block: visitor.get('/block', () => {
    for (const end = performance.now() + 200; performance.now() < end; );
    return 'blocked'
  }),
})

const { url } = await app({ controllers: { works }, policies: [] }).start()
const delay = monitorEventLoopDelay({ resolution })
delay.enable()
process.on('message', () => {
  // the histogram has the time between two looks, of which this one is as it should be
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution)
  process.send?.({ p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) })
  delay.reset()
})
process.send?.({ url: `${url}/api/works` })
