/** One open WebSocket of a runtime's own server. */
export interface OwnSocket {
  send(text: string): void
  /** Bytes that the other side has not taken yet. */
  readonly unsent: number
  close(code: number, reason: string): void
  /** Cuts the line without a word. */
  terminate(): void
}

/** What one side of an open WebSocket is told. */
export interface OwnSocketListener {
  /** Of at most as many bytes as a client's frame may have; more closes the socket with 1009. */
  onText(text: string): void
  onBinary(): void
  /** Called after a frame was written out. */
  onWritten(): void
  onClose(): void
}

/** Called once the socket is open. */
export type ListenToSocket = (socket: OwnSocket) => OwnSocketListener

/** A request to open a WebSocket, where the server of the runtime itself shakes hands: it is accepted or refused, at once. */
export interface Offer {
  /** Shakes hands for this subprotocol. A request that is no handshake is answered with status 400. */
  accept(protocol: string, listen: ListenToSocket): void
  refuse(answer: Response): void
}
