import { randomUUID } from 'node:crypto'
import { type Redis, script } from '../../redis/index.ts'
import type { CacheEntry, CacheKeep, CacheStore, Release, TagStamp } from '../store.ts'

/** Fields that begin with `t:` are tags with what they stood for. A tag that is gone stands for nothing. */
const readEntry = script(`
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then return false end
local entry = {}
for index = 1, #fields, 2 do
  local name, value = fields[index], fields[index + 1]
  if string.sub(name, 1, 2) ~= 't:' then
    entry[name] = value
  elseif redis.call('GET', ARGV[1] .. string.sub(name, 3)) ~= value then
    redis.call('UNLINK', KEYS[1])
    return false
  end
end
local moment = now(ARGV[2])
if moment >= tonumber(entry.stale) then return false end
return { entry.text, string.format('%.0f', moment - entry.at), string.format('%.0f', entry.fresh - moment) }
`)

const writeEntry = script(`
local moment = now(ARGV[1])
if ARGV[5] == 'replaces' then
  local stale = redis.call('HGET', KEYS[1], 'stale')
  if not stale or moment >= tonumber(stale) then return end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'text', ARGV[2], 'at', string.format('%.0f', moment),
  'fresh', string.format('%.0f', moment + ARGV[3]), 'stale', string.format('%.0f', moment + ARGV[4]), unpack(ARGV, 6))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
`)

/** A tag is remembered for as long as what was kept with it. */
const readTags = script(`
local versions = {}
for index, key in ipairs(KEYS) do
  local version = redis.call('GET', key)
  if not version then
    version = ARGV[1]
    redis.call('SET', key, version, 'PX', ARGV[2])
  elseif redis.call('PTTL', key) < tonumber(ARGV[2]) then
    redis.call('PEXPIRE', key, ARGV[2])
  end
  versions[index] = version
end
return versions
`)

const release = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`)

/** On everything, so that everything can be invalidated. */
const everything = ''
/** Arguments of one command; Lua takes no more than some thousands. */
const atOnce = 1000

/**
 * Keeps texts in a Redis that many processes share.
 * All of its methods throw TAPRI_REDIS_LOST while it is away.
 */
export class RedisStore implements CacheStore {
  readonly #redis: Redis
  readonly #space: string

  /** What is kept in one space has nothing to do with what is in another. */
  constructor(redis: Redis, space: 'cache' | 'sessions' | 'answers') {
    this.#redis = redis
    this.#space = space
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    const reply = await this.#redis.run(readEntry, [this.#entry(key)], [this.#tag(''), this.#redis.moment])
    if (!Array.isArray(reply)) return undefined
    const [text, age, left] = reply.map(String)
    return text === undefined ? undefined : { text, age: Number(age), left: Number(left) }
  }

  async stamp(tags: readonly string[], time: number): Promise<TagStamp> {
    const names = [...new Set([everything, ...tags])]
    // an entry is written some time after its tags are read
    const kept = Math.ceil(time) + 3_600_000
    const keys = names.map((tag) => this.#tag(tag))
    const versions = await this.#redis.run(readTags, keys, [randomUUID(), kept])
    return Object.fromEntries(names.map((tag, index) => [tag, String(Array.isArray(versions) ? versions[index] : '')]))
  }

  async set(key: string, text: string, { fresh, stale, stamp, replaces }: CacheKeep): Promise<void> {
    const time = Math.ceil(fresh + stale)
    if (time < 1) return
    const tags = Object.entries(stamp).flatMap(([tag, version]) => [`t:${tag}`, version])
    const args = [this.#redis.moment, text, Math.ceil(fresh), time, replaces ? 'replaces' : 'sets', ...tags]
    await this.#redis.run(writeEntry, [this.#entry(key)], args)
  }

  async delete(key: string): Promise<void> {
    await this.#redis.command('UNLINK', this.#entry(key))
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    for (let from = 0; from < tags.length; from += atOnce) {
      await this.#redis.command('UNLINK', ...tags.slice(from, from + atOnce).map((tag) => this.#tag(tag)))
    }
  }

  clear(): Promise<void> {
    return this.invalidate([everything])
  }

  async claim(key: string, time: number): Promise<Release | undefined> {
    const name = this.#redis.key(`${this.#space}:claim:${key}`)
    const token = randomUUID()
    const reply = await this.#redis.command('SET', name, token, 'NX', 'PX', Math.ceil(time))
    if (reply === null) return undefined
    return async () => void (await this.#redis.run(release, [name], [token]))
  }

  #entry(key: string): string {
    return this.#redis.key(`${this.#space}:entry:${key}`)
  }

  #tag(tag: string): string {
    return this.#redis.key(`${this.#space}:tag:${tag}`)
  }
}
