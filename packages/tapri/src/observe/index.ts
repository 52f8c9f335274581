export { type Level, type Log, type LogEntry, type LogFormat, type LogOptions, openLog, silentLog } from './log.ts'
export { type Redact, redacted, redactor } from './redact.ts'
