import type { IncomingMessage } from 'node:http'

/** What tells one version of an answer from another. */
export interface Validators {
  /** With its quotes, `"5f3-18c"`; weak ones begin with `W/`. */
  readonly etag?: string | undefined
  readonly lastModified?: Date | undefined
}

/** Whether the caller has this version already: RFC 9110 13.2.2, steps 3 and 4. */
export function isUnchanged(request: IncomingMessage, version: Validators): boolean {
  const none = request.headers['if-none-match']
  if (none !== undefined) return none === '*' || tagsIn(none).some((tag) => weak(tag) === weak(version.etag ?? ''))
  const since = request.headers['if-modified-since']
  if (since === undefined || version.lastModified === undefined) return false
  return seconds(version.lastModified.getTime()) <= seconds(Date.parse(since))
}

/** Whether the caller asks for another version than this one: RFC 9110 13.2.2, steps 1 and 2. */
export function failsPrecondition(request: IncomingMessage, version: Validators): boolean {
  const match = request.headers['if-match']
  if (match !== undefined) return match !== '*' && !tagsIn(match).some((tag) => tag === version.etag && isStrong(tag))
  const since = request.headers['if-unmodified-since']
  if (since === undefined || version.lastModified === undefined) return false
  return seconds(version.lastModified.getTime()) > seconds(Date.parse(since))
}

/** Whether a range may be served of this version: RFC 9110 13.1.5. */
export function matchesIfRange(request: IncomingMessage, version: Validators): boolean {
  const condition = request.headers['if-range']
  if (typeof condition !== 'string') return true
  if (condition.includes('"')) return condition === version.etag && isStrong(condition)
  return version.lastModified !== undefined && seconds(version.lastModified.getTime()) === seconds(Date.parse(condition))
}

function tagsIn(header: string): readonly string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}

function isStrong(tag: string): boolean {
  return !tag.startsWith('W/')
}

function weak(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}

function seconds(time: number): number {
  return Math.floor(time / 1000)
}
