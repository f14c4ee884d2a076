import { allow, type Handlers, refuse } from 'rollcall'
import type { lobby } from './contract.ts'
import { isInvitation, roomOf } from './invitation.ts'
import { isRoomName } from './room-name.ts'

/** What the lobby answers: who may come in, and that what one says goes to all. */
export const handlers: Handlers<(typeof lobby)['channels']> = {
  'room:{room}': {
    join: ({ params }) =>
      isRoomName(params.room) ? allow() : refuse('A room is named by 1 to 40 letters, digits, hyphens and underscores'),
    message: ({ channel }, text) => channel.emit('message', text),
  },
  'private:{room}': {
    join: ({ params, input: { invitation } }) =>
      isInvitation(invitation) && roomOf(invitation) === params.room
        ? allow()
        : refuse('This room is private: ask somebody who is in it for an invitation'),
    message: ({ channel }, text) => channel.emit('message', text),
  },
}
