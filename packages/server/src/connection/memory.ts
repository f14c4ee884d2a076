import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** A quarter of the memory that this process may use: of its container's, where that has a bound. */
export function quarterOfMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0
  const total = totalmem()
  // Without a bound the system answers 0, or a number beyond all memory.
  return Math.floor((constrained > 0 && constrained < total ? constrained : total) / 4)
}

/** Bytes that buffers hold now. Those that many connections share are counted once. */
export function bufferBytes(): number {
  // Not of `process.memoryUsage`, which opens a file, and throws where no more can be opened.
  return getHeapStatistics().external_memory
}
