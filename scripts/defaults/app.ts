import { setTimeout as pause } from 'node:timers/promises'
import { tapri } from 'tapri'
import { json } from 'tapri/data'

// The smallest app there is, as a newcomer writes it: whatever it is safe against, it is so by default
const { app, controller, visitor } = tapri({ models: {} })

const door = controller('/', {
  hello: visitor.get('/hello', () => ({ hello: 'world' })),
  fail: visitor.get('/fail', () => {
    throw new Error('secret-detail')
  }),
  slow: visitor.get('/slow', async () => {
    process.stdout.write('SLOW\n')
    await pause(1500)
    return { slow: true }
  }),
  echo: visitor.post('/echo', { body: { value: json() } }, ({ body }) => body),
})

await app({ controllers: { door }, policies: [], prefix: '' }).start()
