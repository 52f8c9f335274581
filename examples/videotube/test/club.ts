import { openAsBlob } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type TestApp, testApp } from 'tapri/test'
import app from '../src/app.ts'

export type Club = TestApp<typeof app>
export type Person = Club['guest']

/** A VideoTube of the test's own, seeded as on a first start. */
export function openClub(settings: Readonly<Record<string, string>> = {}): Promise<Club> {
  return testApp(app, { settings })
}

/** Uploads a small video; published unless told. */
export function upload(club: Club, person: Person, title: string, published = true) {
  return person.videos.create({ title, published, source: club.file('kites.mp4') })
}

/** The person's own row; the test ends here when nobody is signed in. */
export async function self(person: Person) {
  const user = await person.auth.me()
  if (user === null) throw new Error('Cannot tell who a guest is: sign up first')
  return user
}

export const clipPath = fileURLToPath(new URL('../sample/kites.mp4', import.meta.url))

/** The clip that VideoTube ships, a real video. */
export async function realClip(): Promise<File> {
  return new File([await openAsBlob(clipPath)], 'kites.mp4', { type: 'video/mp4' })
}
