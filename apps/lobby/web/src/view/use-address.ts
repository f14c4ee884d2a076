import { useEffect } from 'react'
import { LOBBY, readAddress, writeAddress } from '../model/address.ts'
import type { Chat } from '../model/chat.ts'
import { addressOf, roomAt } from '../model/rooms.ts'

/** Goes where the page's address says, now and whenever it changes. An invitation does not stay in it. */
export function useAddress(chat: Chat): void {
  useEffect(() => {
    const go = () => {
      const address = readAddress(location.hash) ?? LOBBY
      const room = roomAt(address, chat.state.get().rooms)
      chat.open(room)
      if (address.kind === 'invitation') history.replaceState(null, '', writeAddress(addressOf(room)))
    }
    go()
    window.addEventListener('hashchange', go)
    return () => window.removeEventListener('hashchange', go)
  }, [chat])
}
