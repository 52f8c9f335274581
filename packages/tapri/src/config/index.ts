export { configError } from './errors.ts'
export { type FrameworkSettings, frameworkSettings } from './framework.ts'
export { type ReadOptions, readSettings } from './read.ts'
