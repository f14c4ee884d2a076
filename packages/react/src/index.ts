export {
  type Messages,
  useConnectionState,
  useCount,
  useMembers,
  useMessages,
  useRoom,
  useRoomState,
} from './hooks.ts'
export type { Item, MessageListOptions, MessageListView } from './message-list.ts'
