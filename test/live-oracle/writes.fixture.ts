import { below, pickOne } from './questions.fixture.ts'

const kinds = [
  ...(['note', 'note', 'note', 'change', 'change', 'change', 'change', 'move', 'swap', 'forget'] as const),
  ...(['board', 'open', 'open', 'give', 'join', 'join', 'leave', 'role', 'role', 'all', 'drop'] as const),
]

/** A part of a transaction: rows are named by their place among all, whatever rows there are by then. */
export interface Step {
  readonly kind: (typeof kinds)[number]
  readonly one: number
  readonly other: number
  readonly value: number
}

export function stepsOf(random: () => number): readonly Step[] {
  return Array.from({ length: 1 + below(random, 4) }, () => ({
    kind: pickOne(random, kinds),
    one: below(random, 1000),
    other: below(random, 1000),
    value: below(random, 1000),
  }))
}

const mostNotes = 40

/** Does the steps in the transaction that it is given. */
export async function write(db: any, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await doStep(db, step)
}

async function doStep(db: any, { kind, one, other, value }: Step): Promise<void> {
  const pick = async (model: string, place: number) => {
    const rows = await db[model].find({ orderBy: 'id' })
    return rows[place % Math.max(1, rows.length)]
  }
  const [note, board, user] = [await pick('notes', one), await pick('boards', one), await pick('users', other)]
  const isEven = value % 2 === 0
  switch (kind) {
    case 'note':
      if (board === undefined || (await db.notes.count()) >= mostNotes) return
      return db.notes.create({ ...noteOf(value), board: board.id, owner: user.id })
    case 'change':
      return note && db.notes.update(note.id, changeOf(value))
    case 'move':
      return note && board && db.notes.update(note.id, isEven ? { board: (await pick('boards', other)).id } : { owner: user.id })
    case 'swap': {
      const second = await pick('notes', other)
      if (note === undefined || note.id === second.id) return
      await db.notes.update(note.id, { rank: second.rank })
      return db.notes.update(second.id, { rank: note.rank })
    }
    case 'forget':
      return note && db.notes.delete(note.id)
    case 'board':
      return db.boards.create({ title: `b${value % 30}`, open: isEven, owner: user.id })
    case 'open':
      return board && db.boards.update(board.id, { open: isEven })
    case 'give':
      return board && db.boards.update(board.id, { owner: user.id })
    case 'join':
      return board && db.members.create({ board: board.id, user: user.id })
    case 'leave': {
      const member = await pick('members', one)
      return member && db.members.delete(member.id)
    }
    case 'role':
      return db.users.update(user.id, { role: isEven ? 'editor' : 'reader' })
    case 'all':
      return board && db.notes.updateWhere({ board: board.id }, { open: isEven })
    case 'drop':
      return (await db.boards.count()) > 3 && db.boards.delete(board.id)
  }
}

function noteOf(value: number) {
  return {
    title: `n${value % 30}`,
    rank: value % 8,
    open: value % 3 === 0,
    grade: value % 5 === 0 ? null : value % 7,
    secret: value % 9,
  }
}

function changeOf(value: number): object {
  const { title, rank, open, grade, secret } = noteOf(value)
  return [{ rank }, { open }, { grade }, { secret }, { title }, { rank, open }][value % 6] ?? {}
}
