import type { StoredImage } from 'tapri/data'

interface Person {
  readonly name: string
  readonly avatar: Pick<StoredImage<'small' | 'large'>, 'variants'> | null
}

const hues = ['terracotta', 'saffron', 'leaf', 'teal', 'plum', 'rose']

/** A person's picture, or else the first letter of the name on a colour of its own. */
export function Avatar({ person, large }: { person: Person; large?: boolean }) {
  const size = large ? 'avatar avatar-large' : 'avatar'
  if (person.avatar) return <img className={size} src={person.avatar.variants[large ? 'large' : 'small']} alt="" />
  const sum = [...person.name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0)
  return (
    <span className={`${size} avatar-${hues[sum % hues.length]}`} aria-hidden="true">
      {[...person.name.trim()][0]?.toUpperCase()}
    </span>
  )
}
