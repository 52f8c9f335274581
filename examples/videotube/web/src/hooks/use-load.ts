import { type DependencyList, useEffect, useState } from 'react'

interface Loaded<Out> {
  readonly value: Out | undefined
  readonly error: unknown
}

/** Loads once, and again when something it depends on changes; an answer that comes too late is dropped. */
export function useLoad<Out>(load: () => Promise<Out>, depends: DependencyList): Loaded<Out> {
  const [state, setState] = useState<Loaded<Out>>({ value: undefined, error: undefined })

  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what loading depends on
  useEffect(() => {
    let current = true
    setState({ value: undefined, error: undefined })
    load().then(
      (value) => current && setState({ value, error: undefined }),
      (error) => current && setState({ value: undefined, error }),
    )
    return () => {
      current = false
    }
  }, [...depends])

  return state
}
