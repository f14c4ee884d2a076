// What the command of Rollcall serves with workers.
import { chat } from './chat.ts'

export const app: ReturnType<typeof chat> = chat()
