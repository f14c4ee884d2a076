import { totalmem } from 'node:os'

/** A quarter of the memory that this process may use: of its container's, where that has a bound. */
export function quarterOfMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0
  const total = totalmem()
  // Without a bound the system answers 0, or a number beyond all memory.
  return Math.floor((constrained > 0 && constrained < total ? constrained : total) / 4)
}

/** Bytes that buffers hold now. Those that many connections share are counted once. */
export function bufferBytes(): number {
  return process.memoryUsage().arrayBuffers
}
