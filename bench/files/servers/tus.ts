import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { folder, serve } from '../serving.ts'

const server = new Server({ path: '/uploads', datastore: new FileStore({ directory: folder }) })

await serve((request, response) => void server.handle(request, response))
