import type { ServerResponse } from 'node:http'

/** A signal that aborts when the connection closes before the answer is out. */
export function disconnectSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (response.destroyed && !response.writableFinished) controller.abort(gone())
  else {
    response.once('close', () => {
      if (!response.writableFinished) controller.abort(gone())
    })
  }
  return controller.signal
}

function gone(): DOMException {
  return new DOMException('The caller has left', 'AbortError')
}
