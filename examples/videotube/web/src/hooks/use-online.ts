import { useSyncExternalStore } from 'react'
import { connection } from 'tapri/client'
import { api } from '../api.ts'

const line = connection(api)

/** Whether the server can be reached, as far as the browser and the line of what is live can tell. */
export function useOnline(): boolean {
  return useSyncExternalStore(follow, () => navigator.onLine && line.state !== 'offline')
}

function follow(changed: () => void): () => void {
  addEventListener('online', changed)
  addEventListener('offline', changed)
  const leave = line.onChange(changed)
  return () => {
    removeEventListener('online', changed)
    removeEventListener('offline', changed)
    leave()
  }
}
