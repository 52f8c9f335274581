/** Tests that do not hold on a runtime, with the reason; docs/runtimes.md tells users. Without a title a whole file is left out. */
export const known = {
  bun: [
    {
      file: 'http/guard.test.ts',
      title: 'a whole URL that names our host, an HTTP/1.0 request and an IPv6 host are answered',
      why: 'Bun refuses "OPTIONS *" by itself',
    },
    {
      file: 'http/guard.test.ts',
      title: 'who does not take an answer is ended when nothing has moved for a minute, who waits for one is not',
      why: 'sockets of its servers do not say what is unsent',
    },
    {
      file: 'http/stop.test.ts',
      title: 'a request that comes on a kept connection while stopping is still answered',
      why: 'a server that closes ends its idle connections at once',
    },
    {
      file: 'http/stop.test.ts',
      title: 'idle connections are closed after a second of grace, those on which nothing was ever asked too',
      why: 'as above, and connections on which nothing was asked are not counted',
    },
    {
      file: 'files/receive.test.ts',
      title: 'a file over maxSize is TAPRI_FILES_TOO_LARGE, naming field and limit',
      why: 'now and then it does not end while the clock of the test stands; with a real one every caller was answered at once',
    },
  ],
  deno: [
    {
      file: 'http/guard.test.ts',
      title: 'a body whose chunks are malformed is refused',
      why: 'the parser waits: the body is refused as a slow one, after seconds',
    },
    {
      file: 'http/serve.test.ts',
      title: 'a stream that fails before its first byte is a problem, later it cuts the answer',
      why: 'fetch asks once more when its connection was cut, so that one failure is logged twice',
    },
    {
      file: 'adapters/tls.test.ts',
      title: 'stopping answers what is in flight over HTTP/2 and takes leave of every connection',
      why: 'a stream in flight is cut when its session takes leave',
    },
    {
      file: 'adapters/tls.test.ts',
      title: 'an HTTP/2 connection on which nothing moves takes leave, and who waits for an answer gets it',
      why: 'as above',
    },
    {
      file: 'adapters/tls.test.ts',
      title: 'a TLS connection on which nothing was asked does not keep a server that stops',
      why: 'nothing keeps the event loop going while the clock of the test stands; with a real one the server stops',
    },
    {
      file: 'live/sockets.test.ts',
      why: 'one of its tests counts turns of the event loop, which are others there, and waits for ever',
    },
  ],
}
