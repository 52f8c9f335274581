/** Calls what others have given: what it throws is its own, and must not keep from going on what comes after it. */
export function notify(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
