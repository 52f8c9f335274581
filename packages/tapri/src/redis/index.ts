export { type Notices, type Redis, RedisConnections } from './connection.ts'
export { isRedisError, redisError } from './errors.ts'
export { type ListenEnds, openListener, type RedisListener } from './listener.ts'
export { type Script, script } from './script.ts'
