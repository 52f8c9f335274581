// The club, or the app of another file, in a process of its own, whose memory is nobody else's; on each message it tells
// what it still holds.
const { default: app } = await import(process.argv[2] ?? './club/app.ts')
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
