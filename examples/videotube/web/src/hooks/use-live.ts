import { useEffect, useState } from 'react'
import type { Live } from 'tapri/client'

export interface Loaded<Out> {
  readonly value: Out | undefined
  readonly error: unknown
}

/** The current answer of a GET route, kept up to date by the server for as long as the component is shown.
 * A hook always follows the same route; when `input` changes, it follows that one. */
export function useLive<In, Out>(route: { readonly live: Live<In, Out> }, input: In): Loaded<Out> {
  const key = JSON.stringify(input)
  const [state, setState] = useState<Loaded<Out> & { key: string }>({ key, value: undefined, error: undefined })

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the input, and a route is always the same one
  useEffect(() => {
    return route.live(input, (value) => setState({ key, value, error: undefined }), {
      onError: (error) => setState({ key, value: undefined, error }),
    })
  }, [key])

  // what was shown for another input is not an answer for this one
  return state.key === key ? state : { value: undefined, error: undefined }
}
