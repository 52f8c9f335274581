import { useState } from 'react'

/** Something the visitor does that takes a while and may fail. `run` answers whether it went well. */
export function useAction<Input extends unknown[]>(work: (...input: Input) => Promise<unknown>) {
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: undefined })
  const run = async (...input: Input): Promise<boolean> => {
    if (state.busy) return false
    setState({ busy: true, error: undefined })
    try {
      await work(...input)
      setState({ busy: false, error: undefined })
      return true
    } catch (error) {
      setState({ busy: false, error })
      return false
    }
  }
  return { ...state, run }
}
