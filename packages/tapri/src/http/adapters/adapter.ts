/** Listens and stops: by node:http, or by the server of the runtime itself. */
export interface Adapter {
  /** Answers the server's URL. Port 0 takes a free one.
   * @throws TAPRI_HTTP_PORT_IN_USE, TAPRI_HTTP_PORT_DENIED, TAPRI_HTTP_LISTEN */
  listen(port: number, host: string): Promise<string>
  /** Lets what is in flight finish, and cuts what is left after `deadline` milliseconds. */
  stop(deadline: number): Promise<void>
}
