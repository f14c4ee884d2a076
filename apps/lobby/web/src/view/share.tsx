import { useRef } from 'react'
import { Dialog } from './dialog.tsx'

/** Shows a link to those whose browser does not let the page copy it. */
export function Share({ link, close }: { readonly link: string; readonly close: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  return (
    <Dialog title="Copy this link" close={close}>
      <div className="form">
        <input
          ref={field}
          className="share-link"
          readOnly
          value={link}
          aria-label="Link"
          onFocus={() => field.current?.select()}
        />
        <p className="hint">Whoever has it can come in.</p>
      </div>
    </Dialog>
  )
}
