import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { serve } from './server.ts'

const http = createServer()
const server = new Server(http, { transports: ['websocket'] })
http.listen(0, '127.0.0.1', () => {
  const address = http.address()
  serve({
    port: typeof address === 'object' && address !== null ? address.port : 0,
    manner: { path: '/socket.io/?EIO=4&transport=websocket', opening: ['40'], ready: '40{', delivery: '42[' },
    broadcast: async (text) => void server.emit('change', { text }),
  })
})
