export { PlainCloseCode } from './closing.ts'
export { type PlainOptions, plain } from './plain.ts'
export type { PlainCredentials } from './visit.ts'
