import { createHash } from 'node:crypto'

/** A program that Redis runs as one step: nothing else happens in between. */
export interface Script {
  readonly text: string
  /** By which Redis knows it once it has seen it. */
  readonly sha: string
}

/**
 * `now(given)` in milliseconds: the server's own clock, which all processes share, unless one is given.
 * @see Redis.moment
 */
const prelude = `
local function now(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`

/**
 * Makes a script of Lua that may call `now(ARGV[…])` with a `Redis.moment`.
 * @example const touch = script("return redis.call('PEXPIRE', KEYS[1], ARGV[1])")
 */
export function script(lua: string): Script {
  const text = prelude + lua
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
