import { useEffect, useRef } from 'react'
import { useLive } from 'tapri/react'
import { api, type Notification } from '../api.ts'
import { ago } from '../format.ts'
import { useToast } from '../hooks/toasts.tsx'
import { useMenu } from '../hooks/use-menu.ts'
import { Link } from '../router.tsx'
import { Avatar } from './avatar.tsx'
import { BellIcon } from './icons.tsx'

const told = ({ channel, video }: Notification) => `${channel.name} published “${video.title}”`

/** News of the channels that the user follows; what arrives while the page is open pops up. */
export function Bell() {
  const { value: news = [] } = useLive(api.notifications.list, {})
  const { open, setOpen, around } = useMenu<HTMLDivElement>()
  const unseen = news.filter(({ seen }) => !seen).length
  usePopUps(news)

  const toggle = () => {
    setOpen(!open)
    // the list is live: the count falls to nothing when the server has noted it
    if (!open && unseen > 0) api.notifications.markSeen().catch(() => {})
  }
  return (
    <div className="menu" ref={around}>
      <button
        type="button"
        className="icon-button"
        aria-label={`Notifications, ${unseen} new`}
        aria-expanded={open}
        onClick={toggle}
      >
        <BellIcon />
        {unseen > 0 && <span className="badge">{unseen}</span>}
      </button>
      {open && (
        <div className="panel panel-wide">
          <p className="panel-head">
            <strong>Notifications</strong>
          </p>
          {news.length === 0 && <p className="quiet panel-note">When a channel you follow publishes a video, it says so here.</p>}
          {news.map((item) => (
            <Link key={item.id} href={`/watch/${item.video.id}`} onClick={() => setOpen(false)}>
              <Avatar person={item.channel} />
              <span>
                {told(item)}
                <time className="quiet" dateTime={item.at.toISOString()}>
                  {ago(item.at)}
                </time>
              </span>
            </Link>
          ))}
        </div>
      )}
    </div>
  )
}

function usePopUps(news: readonly Notification[]): void {
  const toast = useToast()
  const opened = useRef(new Date())
  useEffect(() => {
    const fresh = news.filter(({ at, seen }) => !seen && at > opened.current)
    for (const item of fresh.toReversed()) toast({ text: told(item), href: `/watch/${item.video.id}` })
    if (fresh[0]) opened.current = fresh[0].at
  }, [news, toast])
}
