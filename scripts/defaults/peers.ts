/** What one of the other frameworks did, measured once, its version named: one tiny app each, nothing added. */
export const peers: Readonly<Record<string, readonly string[]>> = {
  'Express 5.3': ['all addresses', 'yes', 'clean', '413', 'accepted', '400', 'reset', '0.03 s, killed'],
  'Koa 3.3': ['all addresses', 'no', 'clean', '413', '400', '400', 'reset', '0.01 s'],
  'Fastify 5.12': ['this machine', 'no', 'message leaks', '413', '400', '400', 'reset', '0.00 s'],
  'Hono 4.13': ['all addresses', 'no', 'clean', '200', 'accepted', '500', 'reset', '0.02 s'],
  'h3 2.0': ['all addresses', 'no', 'clean', '200', 'accepted', '400', '200', '5.0 s'],
  'Elysia 1.4 on Node': ['all addresses', 'no', 'message leaks', '200', 'accepted', '400', '200', '5.0 s'],
  'Nest 12': ['all addresses', 'yes', 'clean', '413', 'accepted', '400', 'reset', '0.02 s'],
  'Nest 12, shutdown hooks': ['all addresses', 'yes', 'clean', '413', 'accepted', '400', '200', '5.3 s'],
  'Nitro 3.0': ['all addresses', 'no', 'clean', '200', 'accepted', '400', '200', '1.3 s'],
  'Adonis 7.5': ['this machine', 'no', 'message leaks', '413', 'stripped', '400', '200', '5.4 s'],
}
