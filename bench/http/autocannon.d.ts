// autocannon ships no types of its own
declare module 'autocannon' {
  interface Options {
    url: string
    method: string
    connections: number
    /** Seconds. */
    duration?: number
    /** Requests in all, instead of a duration. */
    amount?: number
    /** Milliseconds. */
    sampleInt?: number
    body?: string
    headers?: Record<string, string>
  }
  interface Result {
    '1xx': number
    '2xx': number
    '3xx': number
    '4xx': number
    '5xx': number
    errors: number
    timeouts: number
    /** Seconds. */
    duration: number
  }
  export default function autocannon(options: Options): Promise<Result>
}
