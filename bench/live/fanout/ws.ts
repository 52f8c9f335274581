import { WebSocketServer } from 'ws'
import { serve } from './server.ts'

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
server.on('connection', (socket) => socket.on('message', () => socket.send('ready')))
server.on('listening', () => {
  const address = server.address()
  serve({
    port: typeof address === 'object' && address !== null ? address.port : 0,
    manner: { path: '/', opening: ['hello'], ready: 'ready', delivery: '"change"' },
    broadcast: async (text) => {
      const frame = JSON.stringify(['change', { text }])
      for (const socket of server.clients) socket.send(frame)
    },
  })
})
