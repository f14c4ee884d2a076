import { nativeSubject } from './native.ts'
import { dialectContract } from './suite.ts'

dialectContract('the native dialect', nativeSubject)
