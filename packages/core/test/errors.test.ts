import {
  EndedError,
  type ErrorCode,
  errorOf,
  InvalidError,
  RefusedError,
  RetryLaterError,
  RollcallError,
  UnknownOutcomeError,
} from '@rollcall/core'
import { expect, test } from 'vitest'

const CLASSES: Readonly<Record<ErrorCode, typeof RollcallError>> = {
  bad_request: InvalidError,
  unknown_topic: InvalidError,
  unknown_event: InvalidError,
  invalid_payload: InvalidError,
  not_joined: InvalidError,
  already_joined: InvalidError,
  too_big: InvalidError,
  too_deep: InvalidError,
  too_many_channels: InvalidError,
  no_presence: InvalidError,
  no_history: InvalidError,
  overflow: InvalidError,
  unauthorized: RefusedError,
  refused: RefusedError,
  rate_limited: RetryLaterError,
  unavailable: RetryLaterError,
  timeout: UnknownOutcomeError,
  disconnected: UnknownOutcomeError,
  internal: UnknownOutcomeError,
  aborted: EndedError,
  closed: EndedError,
}

test.each(Object.entries(CLASSES))('%s has the class of its reaction', (code, Class) => {
  const error = errorOf({ code: code as ErrorCode, message: 'm', retryAfterMs: 5, details: { a: 1 } })
  expect(error).toBeInstanceOf(Class)
  expect(error).toBeInstanceOf(RollcallError)
  expect(Object.getPrototypeOf(error).constructor).toBe(Class)
  expect(error).toMatchObject({ name: 'RollcallError', code, message: 'm', retryAfterMs: 5, details: { a: 1 } })
})

test.each(['constructor', '__proto__', 'toString', 'of a later version'])(
  'the code %j from a peer is no trap',
  (code) => {
    expect(errorOf({ code: code as ErrorCode, message: '' })).toBeInstanceOf(InvalidError)
  },
)

test('the cause is kept', () => {
  const cause = new Error('why')
  expect(errorOf({ code: 'aborted', message: '' }, { cause }).cause).toBe(cause)
})
