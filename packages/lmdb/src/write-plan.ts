import type { Store } from './folder/store.ts'
import type { Plan, Topic } from './topic.ts'

/** Inside a transaction: deletes what a plan lets go, and writes the topic's row if it says something new. */
export function writePlan(store: Store, topic: Topic, plan: Plan, count: number): void {
  const end = Math.min(plan.low, topic.written + 1)
  for (let offset = topic.low; offset < end; offset++) store.removeMessage(topic.id, offset)
  const isKnown = topic.stored && plan.low === topic.low && isSame(plan.retention, topic.retention)
  if (!isKnown) store.putTopic(topic.name, topic.row(plan, topic.written + count))
}

function isSame(a: Plan['retention'], b: Plan['retention']): boolean {
  return a === b || (a?.messages === b?.messages && a?.ageMs === b?.ageMs && a?.bytes === b?.bytes)
}
