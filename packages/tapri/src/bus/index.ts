export { busError } from './errors.ts'
export { largestText } from './limits.ts'
export { type OpenBusOptions, openBus } from './open.ts'
export type { Bus, BusHealth, Hear } from './types.ts'
