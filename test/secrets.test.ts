import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { testApp } from 'tapri/test'

const { app, controller, visitor } = tapri({ models: {} })
const door = controller('/door', { greet: visitor.get('/', () => 'hello') })
const first = 'a secret of more than thirty-two letters'
const second = 'another one of exactly that many'

for (const [what, secret, told] of [
  ['behind a comma at the end', `${first},`, /entry 2 of the 2 between its commas has 0 characters/],
  ['before a comma at the beginning', `, ${first}`, /entry 1 of the 2 between its commas has 0 characters/],
  ['between two commas', `${first},,${second}`, /entry 2 of the 3 between its commas has 0 characters/],
  ['that is short', `${first},${second},guessed`, /entry 3 of the 3 between its commas has 7 characters, each must have 32/],
] as const) {
  test(`an app does not start with a secret ${what}, and its message shows none`, async () => {
    const opening = testApp(app({ controllers: { door }, policies: [] }), { settings: { APP_SECRET: secret } })
    const opened = opening.then((app) => app[Symbol.asyncDispose]())
    await assert.rejects(opened, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'TAPRI_APP_SECRET')
      assert.match(error.message, told)
      assert.doesNotMatch(error.message, /thirty-two letters|another one|guessed/)
      return true
    })
  })
}

test('an app starts with one secret, and with an older one behind a comma', async () => {
  for (const secret of [first, `${first}, ${second}`]) {
    await using opened = await testApp(app({ controllers: { door }, policies: [] }), { settings: { APP_SECRET: secret } })
    assert.equal((await fetch(new URL('/api/door', opened.url))).status, 200)
  }
})
