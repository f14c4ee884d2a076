import { type Outbox, shown } from '../model/pending.ts'
import { MessageText } from './message-text.tsx'

/** What was sent and is not among the messages yet. */
export function OutboxView({
  outbox,
  connected,
  retry,
  discard,
}: {
  readonly outbox: Outbox
  readonly connected: boolean
  readonly retry: (id: number) => void
  readonly discard: (id: number) => void
}) {
  const pending = shown(outbox)
  if (pending.length === 0) return null
  return (
    <section className="group" data-own aria-label="On their way">
      <div className="group-body">
        {pending.map(({ id, text, outcome }) => (
          <div className="bubble-line" key={id} data-id={`pending:${id}`}>
            <div className="bubble" data-pending={outcome.kind} dir="auto">
              <MessageText text={text} />
            </div>
            {outcome.kind === 'failed' ? (
              <div className="failed" role="alert">
                <span title={outcome.why}>{outcome.unsure ? 'It may not have arrived.' : 'Not sent.'}</span>
                <button type="button" className="link" onClick={() => retry(id)}>
                  Send again
                </button>
                <button type="button" className="link" onClick={() => discard(id)}>
                  Discard
                </button>
              </div>
            ) : (
              <div className="under-way">{connected ? 'Sending…' : 'Waits for the connection'}</div>
            )}
          </div>
        ))}
      </div>
    </section>
  )
}
