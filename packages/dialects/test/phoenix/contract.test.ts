import { dialectContract } from '../contract/suite.ts'
import { phoenixSubject } from './subject.ts'

dialectContract('Phoenix, protocol 2', () => phoenixSubject({ version: 2, transport: 'websocket' }))
dialectContract('Phoenix, protocol 1', () => phoenixSubject({ version: 1, transport: 'websocket' }))
dialectContract('Phoenix over long poll', () => phoenixSubject({ version: 2, transport: 'longpoll' }))
