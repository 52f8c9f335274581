import type { Clock } from '../kit/clock.ts'

/** What the work gives, or after so many milliseconds what `late` throws it out with. */
export function within<T>(clock: Clock, work: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => reject(late()))
    work.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}
