/** As long as every tag. */
const TAG_LENGTH = 7

/** A short text that stands for a node in the ids of its sessions: who sees such an id does not learn the node's. */
function tagOf(node: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < node.length; i++) hash = Math.imul(hash ^ node.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36).padStart(TAG_LENGTH, '0')
}

/** A session's id that tells which node has it. */
export function taggedBy(text: string, node: string): string {
  return text + tagOf(node)
}

/** The node among `nodes` that a session's id names, if there is one. */
export function nodeNamedBy(session: string, nodes: readonly string[]): string | undefined {
  const tag = session.slice(-TAG_LENGTH)
  return nodes.find((node) => tagOf(node) === tag)
}
