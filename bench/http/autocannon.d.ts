// autocannon ships no types of its own
declare module 'autocannon' {
  interface Options {
    url: string
    method: string
    connections: number
    duration: number
    body?: string
    headers?: Record<string, string>
  }
  interface Result {
    '2xx': number
    non2xx: number
    errors: number
    timeouts: number
    /** Seconds. */
    duration: number
  }
  export default function autocannon(options: Options): Promise<Result>
}
