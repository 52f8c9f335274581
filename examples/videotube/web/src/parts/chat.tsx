import type { Id } from 'tapri/data'
import type { ChatMember, Me } from '../api.ts'
import { messageOf } from '../errors.ts'
import { signInHere } from '../hooks/session.tsx'
import { useChat } from '../hooks/use-chat.ts'
import { useTyping } from '../hooks/use-typing.ts'
import { Link } from '../router.tsx'
import { Avatar } from './avatar.tsx'
import { ChatForm } from './chat-form.tsx'

const facesShown = 5

/** What those who watch say to each other, who they are, and who is about to say something. */
export function Chat({ video, user }: { video: Id<'videos'>; user: Me | null }) {
  const { messages, waiting, members, error, chat, say } = useChat(video, user?.id)
  const { typing, tell } = useTyping(chat)
  const names = members.flatMap(({ id, facts }) => (typing.has(id) ? [facts.name] : []))
  return (
    <section className="chat" aria-labelledby="chat-title">
      <header>
        <h2 id="chat-title">Live chat</h2>
        {chat && members.length > 0 && <Faces members={members} amount={chat.count} />}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it too */}
      <div className="chat-scroll" tabIndex={0}>
        <ul role="log" aria-label="What was said">
          {messages.map(({ id, from, body }) => (
            <Line key={id} {...body} isOwn={from === user?.id} />
          ))}
          {user && waiting.map(({ id, text }) => <Line key={`waiting-${id}`} name={user.name} text={text} isOwn isWaiting />)}
        </ul>
        {messages.length + waiting.length === 0 && <p className="quiet chat-note">Nobody has said a word yet.</p>}
      </div>
      <p className="quiet typing">{error ? messageOf(error) : told(names)}</p>
      {user && <ChatForm onSay={say} onTyping={tell} />}
      {!user && (
        <p className="quiet chat-note">
          <Link href={signInHere()}>Sign in</Link> to join in.
        </p>
      )}
    </section>
  )
}

function Line(props: { name: string; text: string; isOwn: boolean; isWaiting?: boolean }) {
  return (
    <li className={`chat-line ${props.isOwn ? 'own' : ''} ${props.isWaiting ? 'waiting' : ''}`}>
      <b>{props.name}</b> {props.text}
    </li>
  )
}

/** Who is here: some of their faces, and how many they are. */
function Faces({ members, amount }: { members: readonly ChatMember[]; amount: number }) {
  return (
    <p className="faces quiet" title={members.map(({ facts }) => facts.name).join(', ')}>
      {members.slice(0, facesShown).map(({ id, facts }) => (
        <Avatar key={id} person={facts} />
      ))}
      <span>{amount} here</span>
    </p>
  )
}

/** @example told(['Ann', 'Bob']) // 'Ann and Bob are typing…' */
function told(names: readonly string[]): string {
  if (names.length === 0) return ''
  if (names.length > 3) return 'Several people are typing…'
  return `${new Intl.ListFormat('en').format(names)} ${names.length === 1 ? 'is' : 'are'} typing…`
}
