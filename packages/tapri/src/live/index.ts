export { openLive } from './live.ts'
export type { Live, LiveCaller, LiveOptions, LiveRun } from './types.ts'
