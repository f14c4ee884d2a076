import type { Scenario } from '../contest.ts'
import { call } from './call.ts'
import { cluster } from './cluster.ts'
import { connect } from './connect.ts'
import { fanout } from './fanout.ts'
import { halfLoad } from './half-load.ts'
import { history } from './history.ts'
import { hostile } from './hostile.ts'
import { idle } from './idle.ts'
import { presence } from './presence.ts'
import { rooms } from './rooms.ts'
import { slow } from './slow.ts'
import { soak } from './soak.ts'
import { workers } from './workers.ts'

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  fanout,
  rooms,
  call,
  idle,
  connect,
  presence,
  halfLoad,
  slow,
  hostile,
  history,
  workers,
  cluster,
  soak,
]
