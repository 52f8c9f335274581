/** Counts the open sockets of each sender, so that one of them cannot take the memory that is for all. */
export class Senders {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Who cannot be told apart from others has always room. */
  hasRoom(sender: string | undefined): boolean {
    return sender === undefined || (this.#open.get(sender) ?? 0) < this.#most
  }

  add(sender: string | undefined): void {
    if (sender !== undefined) this.#open.set(sender, (this.#open.get(sender) ?? 0) + 1)
  }

  remove(sender: string | undefined): void {
    if (sender === undefined) return
    const left = (this.#open.get(sender) ?? 0) - 1
    if (left > 0) this.#open.set(sender, left)
    else this.#open.delete(sender)
  }
}
