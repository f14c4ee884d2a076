import '@fontsource-variable/figtree/wght.css'
import './style/index.css'
import { connect } from '@rollcall/client'
import { systemRandom } from '@rollcall/core'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { config } from 'zod'
import { lobby } from '../../src/contract.ts'
import { Chat } from './model/chat.ts'
import { browserShelf, Memory, watchShelf } from './model/memory.ts'
import { ChatScreen } from './view/chat-screen.tsx'
import { Welcome } from './view/welcome.tsx'

// The page's policy forbids to make code of texts, which zod would try.
config({ jitless: true })

const memory = new Memory(browserShelf())

function enter(name: string): Chat {
  const secret = memory.secret(() => systemRandom.token(24))
  memory.name = name
  const client = connect(lobby, location.origin, { credentials: { secret } })
  const chat = new Chat(client, memory, secret, name)
  watchShelf(memory, (what) => chat.recall(what))
  const look = () => chat.setVisible(document.visibilityState === 'visible')
  document.addEventListener('visibilitychange', look)
  look()
  return chat
}

function App() {
  const [chat, setChat] = useState(() => (memory.name === null ? null : enter(memory.name)))
  return chat ? <ChatScreen chat={chat} /> : <Welcome enter={(name) => setChat(enter(name))} />
}

const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
