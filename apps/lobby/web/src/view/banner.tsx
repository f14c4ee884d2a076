import type { ChatState } from '../model/chat.ts'
import { useNow, useOnline } from './use-store.ts'

/** Says how the connection is, where it is not as it should be. */
export function Banner({
  chat: { connection, everOpen },
  retry,
}: {
  readonly chat: ChatState
  readonly retry: () => void
}) {
  const online = useOnline()
  const now = useNow(500)
  if (connection.kind === 'open') return null
  if (connection.kind === 'closed')
    return (
      <div className="banner banner-closed" role="alert">
        <span>The server has ended this connection: {connection.reason}</span>
        <button type="button" className="button button-small" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    )
  if (!online)
    return (
      <div className="banner" role="status">
        <span className="pulse" aria-hidden="true" />
        <span>You are offline. What you write is sent when you are back.</span>
      </div>
    )
  const seconds = connection.kind === 'waiting' ? Math.max(0, Math.ceil((connection.nextAttemptAt - now) / 1000)) : 0
  return (
    <div className="banner" role="status">
      <span className="pulse" aria-hidden="true" />
      <span>
        {everOpen ? 'Reconnecting' : 'Connecting'}
        {/* The seconds are for the eye: read aloud each time they would drown all else. */}
        {seconds > 0 ? <span aria-hidden="true"> in {seconds} s</span> : '…'}
      </span>
      {connection.kind === 'waiting' ? (
        <button type="button" className="button button-small" onClick={retry}>
          Reconnect now
        </button>
      ) : null}
    </div>
  )
}
