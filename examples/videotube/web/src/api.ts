import { client } from 'tapri/client'
import type { Id } from 'tapri/data'
import type app from '../../src/app.ts'

/** The whole server, typed: nothing is generated, nothing is written twice. */
export const api = client<typeof app>(`${location.origin}/api`)

type Api = typeof api
type Answer<Call extends (...input: never[]) => Promise<unknown>> = Awaited<ReturnType<Call>>
export type Me = NonNullable<Answer<Api['auth']['me']>>
export type Channel = Answer<Api['channels']['get']>
export type Video = Answer<Api['videos']['get']>
export type VideoPage = Answer<Api['videos']['list']>
export type OwnVideo = Answer<Api['videos']['mine']>[number]
/** One that waits to be sent is shown before the server has it. */
export type Comment = Answer<Api['comments']['list']>[number] & { readonly isWaiting?: true }
export type Chat = ReturnType<Api['chat']>
export type ChatMember = ReturnType<Chat['members']>[number]
export type ChatMessage = Parameters<Parameters<Chat['onMessage']>[0]>[0]
export type Notification = Answer<Api['notifications']['list']>[number]

/** An address in the browser holds plain text; the server decides whether it is the id of anything. */
export function toId<Of extends string>(text: string): Id<Of> {
  return text as Id<Of>
}
