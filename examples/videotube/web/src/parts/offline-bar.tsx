import { useOnline } from '../hooks/use-online.ts'
import { OfflineIcon } from './icons.tsx'

export function OfflineBar() {
  const online = useOnline()
  return (
    <div role="status">
      {!online && (
        <p className="offline">
          <OfflineIcon /> You are offline. What you say and like waits here, and is sent as soon as you are back.
        </p>
      )}
    </div>
  )
}
