import type { RuntimeName } from './find.ts'

export interface Difference {
  /** The end of its path. */
  readonly file: string
  readonly title?: string
  readonly why: string
}

/** Tests that do not hold on a runtime, with the reason; docs/runtimes.md tells users. Without a title a whole file is left out. */
export const known: Readonly<Record<RuntimeName, readonly Difference[]>> = {
  bun: [
    {
      file: 'files/download.test.ts',
      title: 'a date alone says of no file that its caller has it: what took its place may have begun to come before it',
      why: 'Bun judges If-Range of files by itself, by their Last-Modified',
    },
    {
      file: 'http/send-file.test.ts',
      title: 'a file that is shorter than was said is a problem before its first byte, and cuts the answer after it',
      why: 'Bun cuts the connection in both cases',
    },
    {
      file: 'http/guard.test.ts',
      title: 'a whole URL that names our host, an HTTP/1.0 request and an IPv6 host are answered',
      why: 'Bun refuses "OPTIONS *" by itself',
    },
    {
      file: 'http/guard.test.ts',
      title: 'what two readers could understand differently is refused with a problem document',
      why: 'Bun refuses most of it by itself, without a document, and reads a whole URL as its path; adapters/own.test.ts has the rest',
    },
    {
      file: 'http/guard.test.ts',
      title: 'a body whose chunks are malformed is refused',
      why: 'it is, by Bun itself and without a document',
    },
    {
      file: 'http/body-limit.test.ts',
      title: 'a sender that asks first is told to go on only when its body is wanted',
      why: 'Bun tells everybody to go on',
    },
    {
      file: 'http/form.test.ts',
      title: 'whoever reads a form says what is too large, before a sender who asks is told to go on',
      why: 'as above',
    },
    {
      file: 'http/router.property.test.ts',
      title:
        'a running server answers as the matcher says, however the target is written, and middleware sees what the handler sees',
      why: 'Bun has taken dot segments and backslashes out of a URL before anybody sees it',
    },
    {
      file: 'http/response-cache.test.ts',
      title: 'web cache poisoning: what is not in the key does not reach the answer of another',
      why: 'Bun reads a whole URL as its path',
    },
    {
      file: 'http/guard.test.ts',
      title: 'who does not take an answer is ended when nothing has moved for a minute, who waits for one is not',
      why: 'sockets of its servers do not say what is unsent',
    },
    {
      file: 'adapters/certificate.test.ts',
      title: 'a renewed certificate is given to new connections within ten seconds, over HTTP/1.1',
      why: 'servers of Bun cannot change their certificate',
    },
    {
      file: 'adapters/certificate.test.ts',
      title: 'files that do not belong together, or are gone, change nothing and are told of once',
      why: 'servers of Bun cannot change their certificate',
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
    {
      file: 'http/lent.test.ts',
      title: 'a chunk is given back when the connection has taken it, one at a time, however slowly it is read',
      why: 'servers of the runtime may keep what they are given, so chunks are given for good',
    },
  ],
  deno: [
    {
      file: 'http/send-file.test.ts',
      title: 'a file that is shorter than was said is a problem before its first byte, and cuts the answer after it',
      why: 'Deno cuts the connection in both cases',
    },
    {
      file: 'streams/encoder.test.ts',
      why: 'once a sender has closed its connection, Deno forgets what it has received; one that sends as fast as it plays loses nothing',
    },
    {
      file: 'http/guard.test.ts',
      title: 'what two readers could understand differently is refused with a problem document',
      why: 'Deno refuses some of it by itself, without a document, and reads bare line feeds; adapters/own.test.ts has the rest',
    },
    {
      file: 'http/guard.test.ts',
      title: 'a body whose chunks are malformed is refused',
      why: 'Deno ends the connection without an answer',
    },
    {
      file: 'http/guard.test.ts',
      title: 'a whole URL that names our host, an HTTP/1.0 request and an IPv6 host are answered',
      why: 'it does not tell HTTP/1.0 from 1.1, and one of them must name a host',
    },
    {
      file: 'http/guard.test.ts',
      title: 'who does not take an answer is ended when nothing has moved for a minute, who waits for one is not',
      why: 'events of connections are not those of Node',
    },
    {
      file: 'http/body-limit.test.ts',
      why: 'such senders are refused, and their connections stay until they leave, for which the tests wait',
    },
    {
      file: 'http/form.test.ts',
      why: 'one of its tests waits for such a connection to close',
    },
    {
      file: 'http/hosts.test.ts',
      title: 'a server that lists its hosts answers for those, for its public one, and for the address that it is reached at',
      why: 'a request of HTTP/1.0 must name a host there',
    },
    {
      file: 'http/stop.test.ts',
      title: 'a request that comes on a kept connection while stopping is still answered',
      why: 'a server that stops ends its idle connections at once',
    },
    {
      file: 'http/stop.test.ts',
      title: 'what is left at the deadline is cut',
      why: 'who still waits is answered with status 500 instead',
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
    {
      file: 'http/lent.test.ts',
      title: 'a chunk is given back when the connection has taken it, one at a time, however slowly it is read',
      why: 'servers of the runtime may keep what they are given, so chunks are given for good',
    },
    {
      file: 'images/no-sharp.test.ts',
      title: 'without the package that reads pictures each way to it says how to get it',
      why: 'its hooks of imports do not reach what `require` finds',
    },
    {
      file: 'media/child.test.ts',
      title: 'without file handles a program fails, and not the process',
      why: 'its program takes a file by another command than that of Node, which the test begins in a shell',
    },
  ],
}
