import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// `vite web` beside `tapri dev`: the interface reloads in place, the API and its live socket are passed on
const server = process.env.API_URL ?? 'http://127.0.0.1:3000'

export default defineConfig({
  plugins: [react()],
  // hls.js is large, and comes only with something to play
  build: { outDir: 'dist', reportCompressedSize: false, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': { target: server, ws: true } } },
})
