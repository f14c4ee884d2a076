import type { LobbyMember } from '../model/conversation.ts'
import { listOf } from '../model/time.ts'

/** Who is writing right now. */
export function Typing({ members, self }: { readonly members: readonly LobbyMember[]; readonly self: string }) {
  const names = members
    .filter(({ key, entries }) => key !== self && entries.some(({ meta }) => meta.typing))
    .map(({ meta }) => meta.name)
  return (
    <div className="typing">
      {names.length > 0 ? (
        <>
          <span className="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span dir="auto">
            {listOf(names)} {names.length === 1 ? 'is' : 'are'} typing
          </span>
        </>
      ) : null}
    </div>
  )
}
