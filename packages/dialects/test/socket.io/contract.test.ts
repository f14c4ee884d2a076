import { dialectContract } from '../contract/suite.ts'
import { socketIoSubject } from './subject.ts'

dialectContract('Socket.IO over a WebSocket', () => socketIoSubject('websocket'))
dialectContract('Socket.IO over polling', () => socketIoSubject('polling'))
