export {
  type Messages,
  useConnectionState,
  useCount,
  useMembers,
  useMessages,
  useRoom,
  useRoomState,
} from './hooks.ts'
export { type Item, isGap, type MessageListOptions, type MessageListView } from './message-list.ts'
