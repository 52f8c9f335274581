import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { type LogEntry, type LogOptions, openLog, silentLog } from './index.ts'

const noon = new Date(2026, 10, 21, 12, 30, 5, 7).getTime()

function logInto(options: LogOptions = {}) {
  const lines: string[] = []
  const log = openLog({ format: 'json', clock: manualClock(noon), write: (line) => lines.push(line), ...options })
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line)) }
}

test('a JSON line carries time, level, message and facts', () => {
  const { log, entries } = logInto()
  log.info('Listening', { url: 'http://localhost:3000', tries: 2, at: new Date(0) })
  assert.deepEqual(entries(), [
    {
      time: new Date(noon).toISOString(),
      level: 'info',
      message: 'Listening',
      facts: { url: 'http://localhost:3000', tries: 2, at: '1970-01-01T00:00:00.000Z' },
    },
  ])
})

test('an event is named, at the level that it asks for', () => {
  const { log, entries } = logInto()
  log.event('http.request.failed', { status: 500 }, 'error')
  log.event('http.listening')
  assert.deepEqual(
    entries().map(({ event, level, message }) => ({ event, level, message })),
    [
      { event: 'http.request.failed', level: 'error', message: undefined },
      { event: 'http.listening', level: 'info', message: undefined },
    ],
  )
})

test('entries below the level are not written and not heard', () => {
  const { log, lines } = logInto({ level: 'warn' })
  const heard: LogEntry[] = []
  log.subscribe((entry) => heard.push(entry))
  log.debug('a')
  log.info('b')
  log.event('c.d')
  log.warn('e')
  log.error('f')
  assert.equal(lines.length, 2)
  assert.deepEqual(
    heard.map((entry) => entry.message),
    ['e', 'f'],
  )
})

test('a log made with facts adds them to each entry, and the entry decides where both name one', () => {
  const { log, entries } = logInto()
  log.with({ request: 'r1', step: 1 }).with({ user: 'u1' }).info('Saved', { step: 2 })
  assert.deepEqual(entries()[0].facts, { request: 'r1', step: 2, user: 'u1' })
})

test('a terminal line reads time, level, message, facts', () => {
  const { log, lines } = logInto({ format: 'pretty' })
  log.warn('Slow query', { model: 'videos', took: 1200, where: { title: 'two words' }, tags: ['a'], empty: '' })
  assert.deepEqual(lines, ['12:30:05.007 warn  Slow query model=videos took=1200 where.title="two words" tags=["a"] empty=""'])
})

test('a stack is indented below its line, and written at error level only', () => {
  const error = new TapriError('CLUB_FULL', 'Cannot join "chess"', { facts: { members: 12 }, cause: new Error('inner') })
  const { log, lines } = logInto({ format: 'pretty' })
  log.error('Failed', { error })
  log.warn('Failed', { error })
  const [head, ...stack] = (lines[0] ?? '').split('\n')
  assert.match(head ?? '', /Failed error\.name=TapriError error\.code=CLUB_FULL error\.status=500 error\.facts\.members=12/)
  assert.match(head ?? '', /error\.message="Cannot join \\"chess\\""/)
  assert.ok(stack.length > 4)
  assert.ok(stack.every((line) => line.startsWith('    ')))
  assert.ok(stack.some((line) => line.includes('Error: inner')))
  assert.equal(lines[1]?.includes('\n'), false)
  assert.match(lines[1] ?? '', /error\.code=CLUB_FULL/)
})

test('an error given as the facts is written under error', () => {
  const { log, entries } = logInto()
  log.error('Failed', new TapriError('CLUB_FULL', 'Full', { status: 409 }))
  const { stack, ...error } = entries()[0].facts.error
  assert.deepEqual(error, { name: 'TapriError', code: 'CLUB_FULL', status: 409, message: 'Full' })
  assert.match(stack, /^TapriError: Full\n {4}at /)
})

test('colours are there when asked for and only then', () => {
  const plain = logInto({ format: 'pretty' })
  const coloured = logInto({ format: 'pretty', colours: true })
  plain.log.info('a', { b: 1 })
  coloured.log.info('a', { b: 1 })
  assert.equal(plain.lines[0]?.includes('\u001b'), false)
  assert.equal(coloured.lines[0]?.includes('\u001b[36minfo \u001b[0m'), true)
})

test('control characters can neither forge a line nor drive the terminal', () => {
  const { log, lines } = logInto({ format: 'pretty' })
  log.info('name\n12:00:00 error forged \u001b[2J', { 'key\u001b': 'a\u001b[31m\r\n\u202e' })
  const line = lines[0] ?? ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the claim
  assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
  assert.match(line, /name\\u000a12:00:00 error forged \\u001b\[2J/)
})

test('a line of JSON stays one line', () => {
  const { log, lines } = logInto()
  log.info('a\nb', { c: 'd\r\ne' })
  assert.doesNotMatch(lines[0] ?? '', /[\r\n]/)
})

test('facts that are circular, huge, deep, unreadable or not JSON are written as far as they go', () => {
  const { log, entries } = logInto()
  const ring: Record<string, unknown> = { name: 'ring' }
  ring.self = ring
  const deep = { a: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } }
  const hostile = new Proxy({}, { ownKeys: () => assert.fail('no') })
  const getter = Object.defineProperty({}, 'bad', { enumerable: true, get: () => assert.fail('no') })
  log.info('odd', {
    ring,
    deep,
    hostile,
    getter,
    big: 10n,
    nan: Number.NaN,
    never: undefined,
    call: () => 1,
    bytes: Buffer.from('hello'),
    map: new Map([['a', 1]]),
    set: new Set([1]),
    when: new Date(Number.NaN),
    text: 'x'.repeat(20_000),
    ['__proto__']: 1,
  })
  const { facts } = entries()[0]
  assert.deepEqual(facts.ring, { name: 'ring', self: '[circular]' })
  assert.match(JSON.stringify(facts.deep), /\[an object\]/)
  assert.equal(facts.hostile, '[unreadable]')
  assert.deepEqual(facts.getter, { bad: '[unreadable]' })
  assert.deepEqual(
    [facts.big, facts.nan, facts.bytes, facts.map, facts.set, facts.when],
    ['10', 'NaN', '[5 bytes]', { a: 1 }, [1], 'Invalid Date'],
  )
  assert.equal('never' in facts, false)
  assert.equal('call' in facts, false)
  assert.match(facts.text, /… \(20000 characters\)$/)
  assert.ok(facts.text.length < 8100)
})

test('a list of a million facts does not make a line of a million', () => {
  const { log, lines } = logInto()
  log.info('many', { list: Array.from({ length: 1_000_000 }, (_, index) => index) })
  assert.ok((lines[0] ?? '').length < 20_000)
  assert.match(lines[0] ?? '', /more was left out/)
})

test('listeners hear redacted entries until they stop, also when nothing is written', () => {
  const log = openLog({ format: 'silent' })
  const heard: LogEntry[] = []
  const stop = log.with({ request: 'r1' }).subscribe((entry) => heard.push(entry))
  log.info('one', { password: 'hunter2' })
  stop()
  log.info('two')
  assert.deepEqual(
    heard.map(({ message, facts }) => ({ message, facts })),
    [{ message: 'one', facts: { password: '[redacted]' } }],
  )
})

test('neither a broken listener nor a full disk fails the work that is told of', () => {
  const heard: string[] = []
  const log = openLog({ format: 'json', write: () => assert.fail('disk full') })
  log.subscribe(() => assert.fail('broken'))
  log.subscribe((entry) => heard.push(entry.message))
  log.info('still here')
  assert.deepEqual(heard, ['still here'])
})

test('the silent log is silent', () => {
  silentLog.error('nobody hears')
  silentLog.with({ a: 1 }).event('a.b')
})
