export type Hear = (text: string) => void

/** Whether the others can be reached, and why not. */
export type BusHealth = { readonly isUp: true } | { readonly isUp: false; readonly reason: string }

/**
 * Publish and subscribe between the processes of one app. Texts of one publisher and topic arrive in order, each at most
 * once. What is published while a process is cut off, it never hears: it is told of the gap instead.
 */
export interface Bus {
  /** What carries it: `memory`, `ipc`, `postgres`, `redis` or `nats`. */
  readonly kind: string
  /**
   * Tells everybody who hears the topic, in every process, this one included. Resolves when it is handed over.
   * A topic has 1 to 200 characters, a text at most 256 kB as UTF-8.
   * @throws TAPRI_BUS_TOPIC, TAPRI_BUS_TEXT, TAPRI_BUS_LOST, TAPRI_BUS_FULL, TAPRI_BUS_REFUSED, TAPRI_BUS_CLOSED
   * @example await bus.publish('rooms/7', JSON.stringify({ said: 'hello' }))
   */
  publish(topic: string, text: string): Promise<void>
  /**
   * Hears a topic from when the promise resolves; the answer ends it, at once. While the others cannot be reached it
   * resolves too: `onGap` then tells from when something is heard.
   * @throws TAPRI_BUS_TOPIC, TAPRI_BUS_REFUSED, TAPRI_BUS_CLOSED
   * @example const end = await bus.subscribe('rooms/7', (text) => show(JSON.parse(text)))
   */
  subscribe(topic: string, hear: Hear): Promise<() => Promise<void>>
  /** Calls whenever the way to the others was lost and is back, for something may have been missed; the answer ends it. */
  onGap(listener: () => void): () => void
  health(): Promise<BusHealth>
  close(): Promise<void>
}
