import { dialectContract } from '../contract/suite.ts'
import { plainSubject } from './subject.ts'

dialectContract('plain text', () => plainSubject())
dialectContract('plain JSON', () => plainSubject({ format: 'json' }))
