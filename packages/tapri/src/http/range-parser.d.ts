// range-parser ships no types of its own
declare module 'range-parser' {
  interface Ranges extends Array<{ start: number; end: number }> {
    type: string
  }
  /** -1: nothing of it can be served; -2: not a range. */
  export default function parseRange(size: number, header: string, options?: { combine?: boolean }): -1 | -2 | Ranges
}
