/** Lost lines are tried again sooner than in a browser; deadlines are what they are there, or lines that are well would be given up. */
export const quickClock = {
  now: () => Date.now(),
  after(milliseconds: number, call: () => void) {
    const timer = setTimeout(call, milliseconds > 10_000 ? milliseconds : milliseconds / 20)
    return () => clearTimeout(timer)
  },
}
