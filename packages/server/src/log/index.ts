export { LogFeed } from './feed.ts'
export { KeyWindow, type SeenKey } from './key-window.ts'
export {
  type Appended,
  type AppendOptions,
  type Following,
  type Log,
  type LogListener,
  type LogMessage,
  type LogPage,
  type LogRecord,
  LogUnavailable,
  type Retention,
} from './log.ts'
export { type MemoryLogOptions, memoryLog } from './memory.ts'
