import type { Members } from '@rollcall/testkit'
import { textOf } from './person.ts'
import { healingMs } from './scenario.ts'
import type { World } from './world.ts'

/** Ends every fault, waits as long as healing may take, and looks at everything: from here on all must be well. */
export async function healAndLook(world: World): Promise<void> {
  const { cluster, scenario, history, people } = world
  world.heal()
  await cluster.advance(healingMs(scenario))
  history.add({ kind: 'quiet' })

  // Each member shows a state that was never shown before, or hides, and says something: all of it must succeed.
  const settling: Promise<unknown>[] = []
  let n = 1_000_000
  const shown = new Map<string, Map<string, unknown[]>>()
  for (const person of people)
    for (const { topic, room, seen } of person.members.values()) {
      const ofTopic = shown.get(topic) ?? new Map<string, unknown[]>()
      shown.set(topic, ofTopic)
      if (seen) {
        const meta = { n: ++n }
        ofTopic.set(person.user, [...(ofTopic.get(person.user) ?? []), meta])
        settling.push(room.presence.update(meta))
      } else settling.push(room.presence.untrack())
      settling.push(person.say(topic) ?? Promise.resolve())
    }
  const settled = Promise.allSettled(settling)
  const outcomes = await cluster.until(settled, 30_000).catch(() => [])
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') world.broken.push(`All is quiet, and this fails: ${outcome.reason}`)
  await cluster.advance(5_000)

  for (const topic of scenario.topics) {
    const members: Members = Object.fromEntries(shown.get(topic) ?? [])
    history.add({ kind: 'expected', topic, members })
    for (const { members } of people) members.get(topic)?.recorded.see()
    if (!topic.startsWith('hall')) await readAll(world, topic)
  }
  checkResources(world)
}

/** Reads a whole log as somebody who comes new, page by page. */
async function readAll({ cluster, history, broken }: World, topic: string): Promise<void> {
  const reader = cluster.client(`reader-${topic.replace(':', '-')}`, { credentials: { user: 'reader' } })
  try {
    const room = reader.join(topic as 'room:a')
    const { position } = await cluster.until(room.joined)
    const messages: (readonly [number, string])[] = []
    let before: number | undefined
    for (let more = true; more; ) {
      const page = await cluster.until(room.history({ limit: 40, ...(before !== undefined && { before }) }))
      messages.unshift(...page.messages.map((read) => [read.position?.offset ?? 0, textOf(read.payload)] as const))
      more = page.more
      before = messages[0]?.[0]
    }
    const top = position?.offset ?? 0
    history.add({
      kind: 'read',
      topic,
      epoch: position?.epoch ?? '',
      first: messages[0]?.[0] ?? top + 1,
      top,
      messages,
    })
  } catch (error) {
    broken.push(`${topic} cannot be read: ${error}`)
  }
  await cluster.until(reader.close())
}

/** A server keeps nothing of those who are gone. */
function checkResources({ cluster, people, broken, scenario }: World): void {
  const connected = people.filter((person) => person.connected).length
  const stats = cluster.nodes.filter(({ running }) => running).map(({ app }) => app.stats())
  const connections = stats.reduce((sum, each) => sum + each.connections, 0)
  if (connections !== connected) broken.push(`${connections} connections are held for ${connected} clients`)
  const sessions = stats.reduce((sum, each) => sum + each.sessions, 0)
  if (scenario.resumeMs < 10_000 && sessions > connected)
    broken.push(`${sessions} sessions are held for ${connected} clients`)
}
