import { createServer } from 'node:net'

/**
 * The first `count` ports from `first` on that are free on this machine.
 *
 * @param {number} count
 * @param {number} first
 * @returns {Promise<number[]>}
 */
export async function freePorts(count, first) {
  if (!Number.isInteger(first) || first < 1 || first > 65_535)
    throw new RangeError(`PORT must be a number from 1 to 65535, not "${process.env['PORT']}"`)
  const ports = []
  for (let port = first; ports.length < count; port++) {
    if (port > 65_535)
      throw new RangeError(`From ${first} on there are no ${count} free ports: set PORT to another one`)
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
