import { api, type Me } from '../api.ts'
import { useSession } from '../hooks/session.tsx'
import { useMenu } from '../hooks/use-menu.ts'
import { Link } from '../router.tsx'
import { Avatar } from './avatar.tsx'
import { DoorIcon, FilmIcon, PencilIcon, PersonIcon } from './icons.tsx'

export function AccountMenu({ user }: { user: Me }) {
  const { open, setOpen, around } = useMenu<HTMLDivElement>()
  const { enter } = useSession()
  const close = () => setOpen(false)
  const signOut = async () => {
    await api.auth.signOut()
    await enter('/')
  }
  return (
    <div className="menu" ref={around}>
      <button
        type="button"
        className="avatar-button"
        aria-label="Your account"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Avatar person={user} />
      </button>
      {open && (
        <div className="panel">
          <p className="panel-head">
            <strong>{user.name}</strong>
            <span className="quiet">{user.email}</span>
          </p>
          <Link href={`/channel/${user.id}`} onClick={close}>
            <PersonIcon /> Your channel
          </Link>
          <Link href="/studio" onClick={close}>
            <FilmIcon /> Studio
          </Link>
          <Link href="/profile" onClick={close}>
            <PencilIcon /> Profile
          </Link>
          <button type="button" onClick={signOut}>
            <DoorIcon /> Sign out
          </button>
        </div>
      )}
    </div>
  )
}
