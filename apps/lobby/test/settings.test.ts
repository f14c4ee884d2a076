import { describe, expect, it } from 'vitest'
import { settings } from '../src/settings.ts'

const HOME = '/srv/lobby'

describe('settings', () => {
  it('are those of the README where nothing is said', () => {
    expect(settings({}, HOME)).toEqual({
      port: 8210,
      host: '127.0.0.1',
      folder: '/srv/lobby/data',
      token: undefined,
      nats: undefined,
    })
  })

  it('follow the environment', () => {
    const env = { PORT: '0', HOST: '0.0.0.0', ROLLCALL_DATA: '/var/lib/lobby', ROLLCALL_API_TOKEN: 'abc.def' }
    expect(settings(env, HOME)).toEqual({
      port: 0,
      host: '0.0.0.0',
      folder: '/var/lib/lobby',
      token: 'abc.def',
      nats: undefined,
    })
  })

  it('take an empty folder and an empty token for none', () => {
    expect(settings({ ROLLCALL_DATA: '', ROLLCALL_API_TOKEN: '' }, HOME)).toMatchObject({
      folder: '/srv/lobby/data',
      token: undefined,
    })
  })

  it.each([
    ['nats://127.0.0.1:4222', { servers: ['nats://127.0.0.1:4222'] }],
    ['127.0.0.1:4222', { servers: ['nats://127.0.0.1:4222'] }],
    ['a, tls://b:7 ,nats://[::1]:4222', { servers: ['nats://a', 'tls://b:7', 'nats://[::1]:4222'] }],
    ['nats://tyr:p%40ss@a:4222', { servers: ['nats://a:4222'], user: 'tyr', pass: 'p@ss' }],
    ['', undefined],
  ])('take NATS from "%s"', (ROLLCALL_NATS, nats) => {
    expect(settings({ ROLLCALL_NATS }, HOME).nats).toEqual(nats)
  })

  it.each([
    [{ PORT: 'x' }, 'PORT must be a number from 0 to 65535, not "x"'],
    [{ PORT: '' }, 'PORT must be a number from 0 to 65535, not ""'],
    [{ PORT: '-1' }, 'PORT must be a number from 0 to 65535, not "-1"'],
    [{ PORT: '65536' }, 'PORT must be a number from 0 to 65535, not "65536"'],
    [{ PORT: '8210.5' }, 'PORT must be a number from 0 to 65535, not "8210.5"'],
    [{ HOST: ' ' }, 'HOST must name an interface, such as 127.0.0.1, or 0.0.0.0 for all'],
    [{ ROLLCALL_NATS: 'http://127.0.0.1:4222' }, 'ROLLCALL_NATS must be like nats://127.0.0.1:4222'],
    [{ ROLLCALL_NATS: 'nats://' }, 'ROLLCALL_NATS must be like'],
    [{ ROLLCALL_NATS: 'nats://a:4222/x' }, 'ROLLCALL_NATS must be like'],
    [{ ROLLCALL_NATS: 'nats://a:4222,' }, 'ROLLCALL_NATS must be like'],
    [{ ROLLCALL_NATS: 'nats://a:99999' }, 'ROLLCALL_NATS must be like'],
    [{ ROLLCALL_API_TOKEN: 'a b' }, 'ROLLCALL_API_TOKEN must be letters, digits and any of -._~+/'],
  ])('%o cannot be', (env, message) => {
    expect(() => settings(env, HOME)).toThrow(message)
  })
})
