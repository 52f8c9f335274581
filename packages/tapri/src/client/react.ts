import { useMemo, useSyncExternalStore } from 'react'
import { inputKey } from './input.ts'
import { ListenedLive } from './listened.ts'
import type { Live, LiveState, LiveValue } from './types.ts'

interface Followed<In, Out> {
  readonly live: Live<In, Out>
}
type LiveInput<In> = {} extends In ? [input?: In] : [input: In]

/**
 * The state of a live answer, for components: of one that is there already, or of a route and its input, which is followed while the
 * component is mounted, and anew when the input says something else. On the server it is whatever is known, and nothing is followed.
 * @example const { value: notes = [], error } = useLive(api.notes.list, { board })
 */
export function useLive<T>(live: LiveValue<T>): LiveState<T>
export function useLive<In, Out>(route: Followed<In, Out>, ...given: LiveInput<In>): LiveState<Out>
export function useLive(followed: LiveValue<unknown> | Followed<any, unknown>, input: object = {}): LiveState<unknown> {
  const key = inputKey({ ...input })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what the input says
  const source = useMemo(() => sourceOf(followed, input), [followed, key])
  return useSyncExternalStore(source.subscribe, source.state, source.state)
}

function sourceOf(followed: LiveValue<unknown> | Followed<any, unknown>, input: object) {
  if ('live' in followed) return new ListenedLive(() => followed.live(input))
  return { subscribe: (listener: () => void) => followed.onState(listener), state: () => followed.state }
}
