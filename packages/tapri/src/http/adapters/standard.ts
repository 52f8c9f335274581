import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../kit/clock.ts'
import { asRequest, Incoming } from './incoming.ts'
import type { Offer } from './offer.ts'
import { asResponse, Outgoing } from './outgoing.ts'
import type { Pending } from './pending.ts'
import type { Runtime } from './runtime.ts'
import type { Templates } from './templates.ts'

/** What the servers of runtimes call, as node:http's calls its own. */
export interface StandardHooks {
  /** Answers a request. Must not throw. */
  request(request: IncomingMessage, response: ServerResponse): void
  /** Whether a request for another protocol is one that we speak. */
  isUpgrade(request: IncomingMessage): boolean
  /** Accepts or refuses it. Must not throw. */
  offer(request: IncomingMessage, offer: Offer): void
  readonly templates: Templates
  /** Answers that are not whole. */
  readonly pending: Pending<Outgoing>
  readonly clock: Clock
}

/** Answers a web-standard request by way of what answers those of node:http; undefined when it is a socket by now. */
export function answerStandard<Facts>(
  native: Request,
  facts: Facts,
  runtime: Runtime<Facts>,
  hooks: StandardHooks,
): Response | Promise<Response> | undefined {
  const incoming = new Incoming(native, runtime, facts)
  const request = asRequest(incoming)
  if (incoming.headers.upgrade !== undefined && hooks.isUpgrade(request)) return shakeHands(incoming, facts, hooks)
  const outgoing = new Outgoing(incoming, hooks.templates, hooks.pending)
  hooks.request(request, asResponse(outgoing))
  return outgoing.answer
}

function shakeHands<Facts>(incoming: Incoming, facts: Facts, hooks: StandardHooks): Response | undefined {
  const { native, runtime } = incoming
  // afterwards nobody knows it any more
  incoming.socket.remember()
  let answer: Response | undefined
  hooks.offer(asRequest(incoming), {
    accept(protocol, listen) {
      try {
        answer = runtime.open(native, facts, protocol, listen)
      } catch {
        // RFC 6455 4.2.1: whatever the runtime found missing
        answer = new Response(null, { status: 400, headers: { Connection: 'close' } })
      }
    },
    refuse(refusal) {
      answer = refusal
    },
  })
  return answer
}
