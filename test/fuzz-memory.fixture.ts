import app from './club/app.ts'

// The club in a process of its own, whose memory is nobody else's; on each message it tells what it still holds.
const { url } = await app.start()
process.on('message', () => {
  globalThis.gc?.()
  // what the first pass has ended, the second finds
  setImmediate(() => {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    process.send?.({ heapUsed, external })
  })
})
process.send?.({ url })
