import type { Log } from 'rollcall/log'
import { bootId } from './folder/boot.ts'
import { openFolder } from './folder/open-folder.ts'
import { LmdbLog } from './lmdb-log.ts'
import { type LmdbLogOptions, resolveOptions } from './options.ts'

/**
 * Opens a durable log in a folder, or makes it. Restarted on the same folder it has the same epochs, offsets and messages;
 * a folder that was removed begins anew under other epochs.
 *
 * What an accepted message can rely on is the option `accepted`. A topic's followers are fed when its messages are
 * accepted, in the order of offsets. While the disk is full appends reject with `LogUnavailable`; they go on by themselves
 * when there is room. Call `close` before the process ends: a timer runs until then, and what was not flushed is.
 *
 * @throws FolderError if the folder is damaged, of a newer format, something else, or open elsewhere. Nothing is changed.
 */
export function lmdbLog(options: LmdbLogOptions): Promise<Log> {
  return openLog(options, bootId())
}

/** As `lmdbLog`, in a given run of the operating system. */
export async function openLog(options: LmdbLogOptions, boot: string): Promise<Log> {
  const resolved = resolveOptions(options)
  const mark = { boot, accepted: resolved.accepted, closed: false }
  const folder = await openFolder(resolved.folder, mark)
  const { store } = folder
  try {
    const known = store.read<string>('era')
    const era = known === null || folder.lostTail ? resolved.random.token(9) : known
    if (era !== known) store.transaction(() => store.write('era', era))
    // From here on, who finds the folder after a crash must find the seal of an open log.
    store.sealSync(mark)
    const log = new LmdbLog(resolved, folder, era, mark)
    log.start()
    return log
  } catch (error) {
    await store.close()
    await folder.release()
    throw error
  }
}
