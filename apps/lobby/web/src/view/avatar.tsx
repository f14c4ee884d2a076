import { initialsOf, tintOf } from '../model/avatar.ts'

/** A person's sign: its initials on its colour. Decoration, since the name stands beside it. */
export function Avatar({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <span className="avatar" data-tint={tintOf(id)} aria-hidden="true">
      {initialsOf(name)}
    </span>
  )
}
