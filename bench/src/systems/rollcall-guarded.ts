// Rollcall with the limits that it has by default. Clients of this machine may stand for others, as behind a proxy.
import { chat } from '../chat.ts'
import { stage } from './stage.ts'

stage(async () => {
  const app = chat({ limits: {}, trustedProxy: { header: 'x-forwarded-for' } })
  const { port } = await app.listen({ port: 0 })
  return { port, versions: { node: process.versions.node } }
})
