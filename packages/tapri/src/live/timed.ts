/** Milliseconds after which an answer that goes by the time is made again. */
export const timedEvery = 60_000
