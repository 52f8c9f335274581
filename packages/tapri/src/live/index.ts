export { liveError } from './errors.ts'
export { openLive } from './live.ts'
export type { Live, LiveCaller, LiveOptions, LiveRun } from './types.ts'
