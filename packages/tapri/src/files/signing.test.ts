import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { openLog } from '../observe/index.ts'
import { Signing } from './signing.ts'

const secret = 'a secret of thirty-two characters'
const log = openLog({ format: 'silent' })

function signingWith(secrets: readonly string[], clock = manualClock()) {
  return new Signing({ secrets, clock, log, production: false })
}

test('a token is believed for its own text until it expires', () => {
  const clock = manualClock()
  const signing = signingWith([secret], clock)
  const token = signing.sign('film 7', { expires: '1m' })
  assert.match(token, /^[0-9a-z]+\.[\w-]{22}$/)
  assert.equal(signing.verify('film 7', token), true)
  assert.equal(signing.verify('film 8', token), false)
  clock.advance(59_999)
  assert.equal(signing.verify('film 7', token), true)
  clock.advance(1)
  assert.equal(signing.verify('film 7', token), false)
})

test('no character of a token can be changed, left out or added', () => {
  const signing = signingWith([secret])
  const token = signing.sign('film 7', { expires: '1m', ip: '192.0.2.1' })
  const verify = (changed: string) => signing.verify('film 7', changed, { ip: '192.0.2.1' })
  assert.equal(verify(token), true)
  for (let at = 0; at < token.length; at++) {
    for (const letter of ['0', 'A', '-', '~', '.', '']) {
      const changed = token.slice(0, at) + letter + token.slice(at + 1)
      if (changed !== token) assert.equal(verify(changed), false, changed)
    }
    assert.equal(verify(`${token.slice(0, at)}a${token.slice(at)}`), false)
  }
  for (const none of ['', '.', '~.', `${token}\n`, ` ${token}`, token.toUpperCase()]) assert.equal(verify(none), false, none)
})

test('a token for one address is for that address, however it is written, and for no other', () => {
  const signing = signingWith([secret])
  const token = signing.sign('film 7', { expires: '1m', ip: '::ffff:192.0.2.1' })
  assert.equal(signing.verify('film 7', token, { ip: '192.0.2.1' }), true)
  assert.equal(signing.verify('film 7', token, { ip: '::ffff:c000:201' }), true)
  assert.equal(signing.verify('film 7', token, { ip: '192.0.2.2' }), false)
  assert.equal(signing.verify('film 7', token, { ip: '' }), false)
  assert.equal(signing.verify('film 7', token), false)
  const network = signing.sign('film 7', { ip: '2001:db8::1' })
  assert.equal(signing.verify('film 7', network, { ip: '2001:0db8:0:0:ffff::2' }), true)
  assert.equal(signing.verify('film 7', network, { ip: '2001:db8:0:1::1' }), false)
})

test('an address that is none is refused rather than signed for', () => {
  assert.throws(() => signingWith([secret]).sign('film 7', { ip: 'localhost' }), {
    code: 'TAPRI_FILES_ADDRESS',
    message: 'Cannot sign for the address "localhost": give an IP address, like that of `context.ip`',
  })
})

test('the first secret signs, later ones are still believed, others are not', () => {
  const clock = manualClock()
  const [older, newer, stranger] = [secret, `${secret} too`, `${secret} not`]
  const token = signingWith([older], clock).sign('film 7')
  assert.equal(signingWith([newer, older], clock).verify('film 7', token), true)
  assert.equal(signingWith([older], clock).verify('film 7', signingWith([newer, older], clock).sign('film 7')), false)
  assert.equal(signingWith([stranger], clock).verify('film 7', token), false)
})

test('without a secret each process believes itself alone, and production is warned once something is signed', () => {
  const heard: string[] = []
  const own = openLog({ format: 'silent' })
  own.subscribe(({ event, level }) => heard.push(`${event} ${level}`))
  const signing = new Signing({ secrets: [], clock: manualClock(), log: own, production: true })
  assert.deepEqual(heard, [])
  const token = signing.sign('film 7')
  signing.sign('film 8')
  assert.deepEqual(heard, ['files.secret.missing warn'])
  assert.equal(signing.verify('film 7', token), true)
  assert.equal(signingWith([]).verify('film 7', token), false)
})

test('a token without an end works for good', () => {
  const clock = manualClock()
  const signing = signingWith([secret], clock)
  const token = signing.sign('film 7')
  clock.advance(100 * 365 * 86_400_000)
  assert.equal(signing.verify('film 7', token), true)
})
