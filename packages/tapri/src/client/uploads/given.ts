/** What is to be done once a call has gone well that had the value in its input. */
export const uses = new WeakMap<object, () => void>()
