// A server to be killed: `continuity-server.mjs FOLDER PORT`. Prints where it listens.
import { lmdbLog } from '@rollcall/lmdb'
import { allow, rollcall } from 'rollcall'
import { continuity, TIMES } from './continuity-contract.mjs'

const [folder = '', port = '0'] = process.argv.slice(2)

const app = rollcall(
  continuity,
  {
    'room:{room}': {
      join: () => allow(),
      say: ({ channel }, text) => channel.emit('said', text),
    },
  },
  {
    log: await lmdbLog({ folder }),
    authenticate: ({ credentials }) => ({ id: String(credentials) }),
    ...TIMES,
  },
)
const { url } = await app.listen({ port: Number(port) })
console.log(`listening on ${url}`)
