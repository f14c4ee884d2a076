import { describe, expect, it } from 'vitest'
import { roomOf } from '../src/invitation.ts'
import { isRoomName, toRoomName } from '../src/room-name.ts'
import { type Address, readAddress, readInvitation, toTitle, writeAddress } from '../web/src/model/address.ts'
import {
  addressOf,
  invitationTo,
  LOBBY_ROOM,
  privateRoom,
  publicRoom,
  readRooms,
  roomAt,
  writeRooms,
} from '../web/src/model/rooms.ts'

const INVITATION = 'wMp06FaxUWwzDdEim4-s7UAU7-prVCiM'
const ID = 'oyiGdYJPxB9DwUrN4EfqnV'

describe('the name of a room', () => {
  it.each([
    ['design', 'design'],
    ['My Room!', 'my-room'],
    ['  --Hello   World-- ', 'hello-world'],
    ['Büro 7', 'büro-7'],
    ['日本語', '日本語'],
    ['a/b#c', 'a-b-c'],
    ['', ''],
    ['!!!', ''],
    ['\0\ud800', ''],
    ['x'.repeat(60), 'x'.repeat(40)],
  ])('%o becomes %o', (text, name) => {
    expect(toRoomName(text)).toBe(name)
    expect(isRoomName(name)).toBe(name !== '')
  })

  it.each(['', '-a', 'a b', 'a/b', 'x'.repeat(41), 'a\n', '\ud800', '{room}'])('%o is none', (name) => {
    expect(isRoomName(name)).toBe(false)
  })
})

describe('an invitation', () => {
  it('opens the one room that is named by its hash', () => {
    expect(roomOf(INVITATION)).toBe(ID)
    expect(roomOf(INVITATION.slice(1))).not.toBe(ID)
  })
})

describe('an address', () => {
  it.each<[string, Address]>([
    ['#/room/design', { kind: 'room', name: 'design' }],
    ['#/room/b%C3%BCro', { kind: 'room', name: 'büro' }],
    [`#/private/${ID}`, { kind: 'private', id: ID }],
    [
      `#/invitation/${INVITATION}/Off%20%2F%20site`,
      { kind: 'invitation', invitation: INVITATION, title: 'Off / site' },
    ],
  ])('%s is read and written', (hash, address) => {
    expect(readAddress(hash)).toEqual(address)
    expect(writeAddress(address)).toBe(hash)
  })

  it.each([
    '',
    '#',
    '#/',
    '#room/design',
    '#/room/',
    '#/room/%',
    '#/room/a%2Fb',
    '#/private/short',
    '#/invitation/short/x',
    '#/__proto__/x',
    '#/room/%00',
  ])('%o is none', (hash) => {
    expect(readAddress(hash)).toBeNull()
  })

  it('is found in what somebody pastes', () => {
    const link = `https://chat.example.com/#/invitation/${INVITATION}/Offsite`
    const address = { kind: 'invitation', invitation: INVITATION, title: 'Offsite' }
    expect(readInvitation(` ${link}\n`)).toEqual(address)
    expect(readInvitation(`#/invitation/${INVITATION}/Offsite`)).toEqual(address)
    expect(readInvitation('https://chat.example.com/#/room/x')).toBeNull()
    expect(readInvitation('')).toBeNull()
  })

  it('gives a title that can be shown, whatever stands in it', () => {
    expect(toTitle('  a\n\0\tb ')).toBe('a b')
    expect(toTitle('\ud800x')).toBe('x')
    expect(toTitle('')).toBe('Private room')
    expect(toTitle('x'.repeat(500))).toHaveLength(60)
  })
})

describe('the rooms that a browser remembers', () => {
  const rooms = [LOBBY_ROOM, publicRoom('design'), privateRoom(INVITATION, 'Offsite')]

  it('are written and read', () => {
    expect(readRooms(writeRooms(rooms))).toEqual(rooms)
  })

  it.each([
    null,
    '',
    'x',
    '{}',
    'null',
    '[null, 7, {}, [], "", "a b", {"invitation":"short","title":"x"}, {"invitation":7}]',
    `[{"invitation":"${INVITATION}","title":7}]`,
    '["lobby","lobby"]',
  ])('%o is the lobby alone', (text) => {
    expect(readRooms(text)).toEqual([LOBBY_ROOM])
  })

  it('are bounded', () => {
    expect(readRooms(JSON.stringify(Array.from({ length: 5_000 }, (_, i) => `room-${i}`)))).toHaveLength(100)
  })
})

describe('the room at an address', () => {
  const known = [LOBBY_ROOM, privateRoom(INVITATION, 'Offsite')]

  it('keeps the invitation that is known', () => {
    expect(roomAt({ kind: 'private', id: ID }, known)).toBe(known[1])
  })

  it('has none where only the address is known', () => {
    const room = roomAt({ kind: 'private', id: ID }, [LOBBY_ROOM])
    expect(room).toMatchObject({ topic: `private:${ID}`, invitation: null })
    expect(invitationTo(room)).toBeNull()
    expect(addressOf(room)).toEqual({ kind: 'private', id: ID })
  })

  it('takes an invitation where there was none', () => {
    const before = roomAt({ kind: 'private', id: ID }, [])
    const after = roomAt({ kind: 'invitation', invitation: INVITATION, title: 'Offsite' }, [before])
    expect(after).toEqual(known[1])
    expect(invitationTo(after)).toEqual({ kind: 'invitation', invitation: INVITATION, title: 'Offsite' })
  })
})
