import { fileURLToPath } from 'node:url'

/** What `npm run build` makes of the interface. */
export const webFolder = fileURLToPath(new URL('../web/dist', import.meta.url))

export const videosPerPage = 12
export const commentsShown = 200
export const chatShown = 100
export const notificationsShown = 30
