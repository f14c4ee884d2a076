import { Dialog } from './dialog.tsx'

const SHORTCUTS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['Enter'], 'Send the message'],
  [['Shift', 'Enter'], 'Begin a new line'],
  [['Alt', '↑'], 'The room above'],
  [['Alt', '↓'], 'The room below'],
  [['Ctrl', 'K'], 'Go to a room'],
  [['Esc'], 'Back to writing'],
  [['Ctrl', '/'], 'This list'],
]

export function Shortcuts({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" close={close}>
      <dl className="shortcuts">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
