import {
  computed,
  getCurrentInstance,
  type MaybeRefOrGetter,
  onMounted,
  onScopeDispose,
  type Ref,
  shallowRef,
  toValue,
  watch,
} from 'vue'
import { inputKey } from './input.ts'
import type { Live, LiveState, LiveValue } from './types.ts'

/** What is known of a live answer, each part a ref. */
export interface LiveRefs<T> {
  readonly value: Readonly<Ref<T | undefined>>
  readonly error: Readonly<Ref<Error | undefined>>
  readonly isReady: Readonly<Ref<boolean>>
}

interface Followed<In, Out> {
  readonly live: Live<In, Out>
}
type LiveInput<In> = {} extends In ? [input?: MaybeRefOrGetter<In>] : [input: MaybeRefOrGetter<In>]

const nothing: LiveState<never> = Object.freeze({ value: undefined, error: undefined, isReady: false })

/**
 * The state of a live answer, for components and effect scopes: of one that is there already, or of a route and its input, which is
 * followed once the component is mounted, until its scope ends, and anew when the input says something else.
 * @example const { value: notes } = useLive(api.notes.list, () => ({ board: props.board }))
 */
export function useLive<T>(live: LiveValue<T>): LiveRefs<T>
export function useLive<In, Out>(route: Followed<In, Out>, ...given: LiveInput<In>): LiveRefs<Out>
export function useLive(
  followed: LiveValue<unknown> | Followed<any, unknown>,
  input: MaybeRefOrGetter<object> = {},
): LiveRefs<unknown> {
  const state = shallowRef<LiveState<unknown>>(nothing)
  let stop = () => {}
  const show = (live: LiveValue<unknown>) => {
    state.value = live.state
    return live.onState(() => {
      state.value = live.state
    })
  }
  const follow = (route: Followed<any, unknown>) => {
    stop()
    const live = route.live(toValue(input))
    const silence = show(live)
    stop = () => {
      silence()
      live.close()
    }
  }
  if ('live' in followed) {
    const start = () =>
      watch(
        () => inputKey({ ...toValue(input) }),
        () => follow(followed),
        { immediate: true },
      )
    // a server renders a component once and never ends its scope
    if (getCurrentInstance() === null) start()
    else onMounted(start)
  } else stop = show(followed)
  onScopeDispose(() => stop())
  return {
    value: computed(() => state.value.value),
    error: computed(() => state.value.error),
    isReady: computed(() => state.value.isReady),
  }
}
