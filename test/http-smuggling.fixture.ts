/** What an attacker wants to have taken for a request of its own. */
export const hidden = 'GET /api/door HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
const json = 'Content-Type: application/json'

/** A POST with these lines about its length, whose body is the hidden request, in chunks or not. */
export const post = (lengths: string, body: string) =>
  `POST /api/door HTTP/1.1\r\nHost: localhost\r\n${json}\r\n${lengths}\r\n\r\n${body}`
export const chunked = 'Transfer-Encoding: chunked'
/** A body that the route takes, so that a refusal is one of the lengths. */
const body = 'd\r\n{"title":"a"}\r\n0\r\n\r\n'

/** Requests of which two readers could see another number: what they try, and their bytes. */
export const corpus: Readonly<Record<string, string>> = {
  'CL.TE: a length and chunks': post(`Content-Length: 5\r\n${chunked}`, `${body}${hidden}`),
  'TE.CL: chunks and a length': post(`${chunked}\r\nContent-Length: 4`, `0\r\n\r\n${hidden}`),
  'CL.0: a GET with a length': `GET /api/door HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a GET with chunks': `GET /api/door HTTP/1.1\r\nHost: localhost\r\n${chunked}\r\n\r\n${body}${hidden}`,
  'TE.TE: an unknown coding': post('Transfer-Encoding: xchunked', `${body}${hidden}`),
  'chunked, then identity': post('Transfer-Encoding: chunked, identity', `${body}${hidden}`),
  'identity alone': post('Transfer-Encoding: identity', `${body}${hidden}`),
  'two headers of codings': post(`${chunked}\r\nTransfer-Encoding: x`, `${body}${hidden}`),
  'a coding in quotes': post('Transfer-Encoding: "chunked"', `${body}${hidden}`),
  'a coding behind a vertical tab': post('Transfer-Encoding: \x0bchunked', `${body}${hidden}`),
  'a coding behind NUL': post('Transfer-Encoding: \0chunked', `${body}${hidden}`),
  'a space before the colon': post('Transfer-Encoding : chunked', `${body}${hidden}`),
  'a tab before the colon': post('Transfer-Encoding\t: chunked', `${body}${hidden}`),
  'a folded coding': post('Transfer-Encoding:\r\n chunked', `${body}${hidden}`),
  'a folded header before it': post(`X-A: 1\r\n ${chunked}`, `${body}${hidden}`),
  'a line feed alone before it': post(`X-A: 1\n${chunked}`, `${body}${hidden}`),
  'a carriage return alone before it': post(`X-A: 1\r${chunked}`, `${body}${hidden}`),
  'a line feed inside a name': post('Transfer-Encoding\n: chunked', `${body}${hidden}`),
  'a name with a space': post(`Transfer Encoding: chunked`, `${body}${hidden}`),
  'a line without a colon': post(`X-A\r\n${chunked}`, `${body}${hidden}`),
  'two lengths that differ': post('Content-Length: 0\r\nContent-Length: 5', `${hidden}`),
  'two lengths in one header': post('Content-Length: 0, 5', `${hidden}`),
  'a length with a sign': post('Content-Length: +0', `${hidden}`),
  'a negative length': post('Content-Length: -1', `${hidden}`),
  'a length in hexadecimal': post('Content-Length: 0x0', `${hidden}`),
  'a length with an exponent': post('Content-Length: 0e0', `${hidden}`),
  'a length of nothing': post('Content-Length:', `${hidden}`),
  'a length with a space in it': post('Content-Length: 0 0', `${hidden}`),
  'a length over 2^64': post('Content-Length: 18446744073709551617', `${hidden}`),
  'chunks in HTTP/1.0': `POST /api/door HTTP/1.0\r\nHost: localhost\r\n${json}\r\n${chunked}\r\n\r\n${body}${hidden}`,
  'a chunk with a negative size': post(chunked, `-1\r\n${hidden}`),
  'a chunk size with a sign': post(chunked, `+0\r\n\r\n${hidden}`),
  'a chunk size with 0x': post(chunked, `0x0\r\n\r\n${hidden}`),
  'a chunk size over 2^64': post(chunked, `10000000000000000\r\n${hidden}`),
  'a chunk size that ends with a line feed': post(chunked, `0\n\n${hidden}`),
  'a chunk extension with a line feed': post(chunked, `0;a\nb\r\n\r\n${hidden}`),
  'a chunk longer than its size': post(chunked, `1\r\n{}0\r\n\r\n${hidden}`),
  'chunk extensions of 70 kB': post(chunked, `0;${'a'.repeat(70_000)}\r\n\r\n${hidden}`),
  'a trailer with a bare line feed': post(chunked, `0\r\nX: y\nZ: w\r\n\r\n${hidden}`),
  'line feeds alone': `POST /api/door HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n${hidden}`,
  'two hosts': `GET /api/door HTTP/1.1\r\nHost: localhost\r\nHost: tube.example\r\n\r\n${hidden}`,
  'two hosts in one header': `GET /api/door HTTP/1.1\r\nHost: localhost, tube.example\r\n\r\n${hidden}`,
  'no host': `GET /api/door HTTP/1.1\r\n\r\n${hidden}`,
  'a URL that disagrees with its host': `GET http://tube.example/api/door HTTP/1.1\r\nHost: localhost\r\n\r\n${hidden}`,
  'a target with a space': `GET /api /door HTTP/1.1\r\nHost: localhost\r\n\r\n${hidden}`,
  'a method in small letters': `get /api/door HTTP/1.1\r\nHost: localhost\r\n\r\n${hidden}`,
  'HTTP/0.9': `GET /api/door\r\n\r\n${hidden}`,
  'HTTP/1.2': `GET /api/door HTTP/1.2\r\nHost: localhost\r\n\r\n${hidden}`,
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
}
