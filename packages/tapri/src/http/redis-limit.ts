import { createHash } from 'node:crypto'
import type { Clock } from '../kit/clock.ts'
import { isRedisError, type Redis, script } from '../redis/index.ts'
import { Limit, type LimitNumbers, type TryLimit } from './limit.ts'

const take = script(`
local moment, interval, window = now(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), moment) + interval
local wait = due - moment - window
if wait > 0.5 then return string.format('%.3f', wait) end
redis.call('SET', KEYS[1], string.format('%.3f', due), 'PX', math.ceil(due - moment))
return '0'
`)

const giveBack = script(`
local moment, due = now(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or 0) - ARGV[2]
if due <= moment then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], string.format('%.3f', due), 'PX', math.ceil(due - moment)) end
`)

export interface RedisLimitOptions extends LimitNumbers {
  readonly redis: Redis
  /** Processes that count by one name count together. */
  readonly name: string
  /** Of the counts in this process, while Redis is away. */
  readonly clock: Clock
}

/**
 * Counts tries by GCRA in Redis, each try one step there and by its clock, so that all processes count together. While
 * it is away each process counts for itself.
 */
export class RedisLimit implements TryLimit {
  readonly #redis: Redis
  readonly #name: string
  readonly #interval: number
  readonly #window: number
  readonly #own: Limit

  constructor({ redis, name, tries, per, clock }: RedisLimitOptions) {
    this.#redis = redis
    // other numbers count anew
    this.#name = `${name} ${tries}/${per}`
    this.#interval = per / tries
    this.#window = per
    this.#own = new Limit({ tries, per, clock })
  }

  async take(key: string): Promise<number> {
    try {
      const args = [this.#redis.moment, this.#interval, this.#window]
      return Number(await this.#redis.run(take, [this.#key(key)], args))
    } catch (error) {
      if (!isRedisError(error)) throw error
      return this.#own.take(key)
    }
  }

  async giveBack(key: string): Promise<void> {
    try {
      await this.#redis.run(giveBack, [this.#key(key)], [this.#redis.moment, this.#interval])
    } catch (error) {
      if (!isRedisError(error)) throw error
      this.#own.giveBack(key)
    }
  }

  /** Whoever is counted may be of any length. */
  #key(key: string): string {
    const short = key.length <= 100 ? key : createHash('sha256').update(key).digest('base64url')
    return this.#redis.key(`limit:${this.#name}:${short}`)
  }
}
