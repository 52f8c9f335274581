import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findChromium, openChromium } from './browser/chromium.ts'
import { type Line, openLine } from './browser/line.ts'
import { openPage, picture, signUp, type Visit, widthBeyond } from './browser/page.ts'
import { startServer } from './browser/server.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
const skip = chromium === undefined && process.env.CI !== 'true' && missing

interface Two {
  readonly ann: Visit
  readonly bob: Visit
  /** Ann's way to the server. */
  readonly line: Line
}

/** What was said in the end, in the order in which all have heard it. */
const said = ['Bob Look at the red one!', 'Ann The yellow one is higher', 'Bob Ann?', 'Ann I am in a tunnel']

test('two people watch a video together', { skip, timeout: 600_000 }, async (context) => {
  assert.ok(chromium, missing)
  await using server = await startServer()
  await using line = await openLine(server.url)
  await using browser = await openChromium(chromium)
  const two = { ann: await openPage(browser, line.url), bob: await openPage(browser, server.url), line }
  const guest = await openPage(browser, server.url, { viewport: { width: 360, height: 1200 }, colorScheme: 'dark' })

  await context.test('each sees the others come and go', () => comeAndGo(two, guest))
  await context.test('one sees that the other types, and what they say', () => chat(two))
  await context.test('a like counts at once, and never back and forth', () => likes(two))
  await context.test('nothing went wrong in their pages', () => {
    for (const { complaints } of Object.values({ ann: two.ann, bob: two.bob, guest })) assert.deepEqual(complaints, [])
  })
  await context.test('who was offline comes back with what they wrote and what they missed', () => comesBack(two))
  await context.test('who comes later reads what was said, on a phone and in words without end', () => comesLate(two, guest))
  await context.test('who signs out in one tab watches on as a guest in the other', () => signsOut(two))
})

async function comeAndGo({ ann, bob }: Two, guest: Visit): Promise<void> {
  await signUp(ann, 'Ann')
  await signUp(bob, 'Bob')
  for (const [index, { page }] of [ann, bob, guest].entries()) {
    await page.goto('/')
    await page.getByRole('link', { name: 'Kites over the bay' }).click()
    await ann.page.getByText(`${index + 1} here`).waitFor()
  }
  assert.equal(await ann.page.locator('.faces').getAttribute('title'), 'Ann, Bob, Guest')
  await guest.page.getByText('to join in').waitFor()
  await guest.page.goto('/')
  await ann.page.getByText('2 here').waitFor()
}

async function signsOut({ bob }: Two): Promise<void> {
  const { page } = bob
  const tab = await page.context().newPage()
  await tab.goto('/')
  await tab.getByRole('button', { name: 'Your account', exact: true }).click()
  await tab.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('to join in').waitFor()
  await page.getByRole('heading', { name: 'Kites over the bay' }).waitFor()
  await page.getByRole('link', { name: 'Sign in', exact: true }).first().waitFor()
  assert.equal(await page.getByText('Sign in again').count(), 0)
}

async function chat({ ann, bob }: Two): Promise<void> {
  const box = bob.page.getByLabel('Say something')
  // looked for before: it goes away by itself
  const typing = ann.page.getByText('Bob is typing…').waitFor()
  await box.pressSequentially('Look at the re')
  await typing
  await box.fill('')
  await ann.page.getByText('Bob is typing…').waitFor({ state: 'detached' })
  await say(bob, 'Look at the red one!')
  await say(ann, 'The yellow one is higher')
  for (const visit of [ann, bob]) await hears(visit, said.slice(0, 2))
  await picture(ann, 'chat')
}

async function likes({ ann, bob, line }: Two): Promise<void> {
  const shown = [await recordLikes(ann), await recordLikes(bob)]
  line.hold()
  await ann.page.getByRole('button', { name: '0 likes' }).click()
  await ann.page.getByRole('button', { name: '1 like', pressed: true }).waitFor()
  line.release()
  await bob.page.getByRole('button', { name: '1 like' }).waitFor()
  await bob.page.getByRole('button', { name: '1 like' }).click()
  await ann.page.getByRole('button', { name: '2 likes' }).waitFor()
  await ann.page.getByRole('button', { name: '2 likes' }).click()
  await bob.page.getByRole('button', { name: '1 like' }).waitFor()
  for (const texts of shown) assert.deepEqual(await texts(), ['0 likes', '1 like', '2 likes', '1 like'])
}

async function comesBack({ ann, bob, line }: Two): Promise<void> {
  line.cut()
  await ann.page.getByText('You are offline').waitFor()
  await bob.page.getByText('1 here').waitFor()
  await say(ann, 'I am in a tunnel')
  await comment(ann, 'Written in a tunnel')
  await ann.page.getByRole('button', { name: '1 like', pressed: false }).click()
  await ann.page.getByRole('button', { name: '2 likes', pressed: true }).waitFor()
  await say(bob, 'Ann?')
  await comment(bob, 'Written in the sun')
  await hears(bob, said.slice(0, 3))
  await picture(ann, 'offline')
  assert.equal(await ann.page.locator('.waiting').count(), 2)
  assert.equal(await ann.page.getByText('Written in the sun').count(), 0)

  line.mend()
  await ann.page.getByText('You are offline').waitFor({ state: 'detached' })
  await bob.page.getByText('2 here').waitFor()
  await bob.page.getByRole('button', { name: '2 likes' }).waitFor()
  for (const visit of [ann, bob]) {
    await hears(visit, said)
    await visit.page.locator('.comment:not(.waiting)', { hasText: 'Written in a tunnel' }).waitFor()
    await visit.page.locator('.comment', { hasText: 'Written in the sun' }).waitFor()
    assert.deepEqual((await visit.page.locator('.comment-text').allTextContents()).slice(0, 2), [
      'Written in a tunnel',
      'Written in the sun',
    ])
  }
  assert.equal(await ann.page.locator('.waiting').count(), 0)
}

async function comesLate({ ann }: Two, guest: Visit): Promise<void> {
  const word = 'x'.repeat(110)
  await say(ann, word)
  await guest.page.goto(new URL(ann.page.url()).pathname)
  await hears(guest, [...said, `Ann ${word}`])
  assert.ok((await widthBeyond(guest)) <= 0, 'the chat is too wide')
  await picture(guest, 'phone-chat')
}

async function say({ page }: Visit, text: string): Promise<void> {
  await page.getByLabel('Say something').fill(text)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
}

async function comment({ page }: Visit, text: string): Promise<void> {
  await page.getByLabel('Add a comment').fill(text)
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await page.locator('.comment', { hasText: text }).waitFor()
}

/** Waits for the last line of the chat, and has seen each of them once. */
async function hears({ page }: Visit, lines: readonly string[]): Promise<void> {
  await page.locator('.chat-line:not(.waiting)', { hasText: lines.at(-1)?.replace(/^\w+ /, '') }).waitFor()
  assert.deepEqual(await page.locator('.chat-line').allTextContents(), lines)
}

/** What the like button says, from now on: the answer tells all of it so far. */
async function recordLikes({ page }: Visit): Promise<() => Promise<string[]>> {
  const button = await page.locator('.like').elementHandle()
  const texts = await button?.evaluateHandle((element) => {
    const texts = [element.textContent]
    const note = () => texts.at(-1) !== element.textContent && texts.push(element.textContent)
    new MutationObserver(note).observe(element, { subtree: true, childList: true, characterData: true })
    return texts
  })
  return async () => (await texts?.jsonValue()) ?? []
}
