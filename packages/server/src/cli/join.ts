import { parseArgs } from 'node:util'
import { Attendance } from './attendance.ts'
import { Misuse, misuse } from './faults.ts'
import { Screen } from './screen.ts'

interface JoinArgs {
  readonly url: string
  readonly topic: string
  readonly event: string
  readonly credentials: Readonly<Record<string, string>> | undefined
  readonly presence: { readonly name: string } | undefined
  readonly input: unknown
  readonly last: number
  readonly stay: boolean
  readonly json: boolean
}

/** `rollcall join`: in a channel until told to leave, or until the input has ended and is sent. */
export async function join(args: readonly string[]): Promise<number> {
  const options = readArgs(args)
  const screen = new Screen(options.json)
  return new Promise((resolve) => {
    let failed = false
    const attendance: Attendance = new Attendance({
      ...options,
      happened: (happening) => screen.show(happening),
      joined: () => void read(),
      over: (reason) => {
        screen.close()
        resolve(reason === 'ended' || failed ? 1 : 0)
      },
    })
    const leave = () => void attendance.leave()

    async function read(): Promise<void> {
      // One after the other, each when the one before is accepted: their order is kept whatever is tried again.
      for await (const line of screen.lines(leave)) if (!(await attendance.send(line))) failed = true
      if (!options.stay) leave()
    }

    process.on('SIGINT', leave)
    process.on('SIGTERM', leave)
    attendance.open()
  })
}

function readArgs(args: readonly string[]): JoinArgs {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    url: text,
    name: text,
    user: text,
    token: text,
    input: text,
    event: text,
    last: text,
    stay: flag,
    json: flag,
  } as const
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [topic, ...more] = positionals
    if (topic === undefined || topic === '') throw new Misuse('join needs a topic: rollcall join room:lobby')
    if (more.length > 0) throw new Misuse(`join takes one topic, not also ${more.join(' ')}`)
    const token = values.token ?? process.env.ROLLCALL_TOKEN
    const credentials = {
      ...(values.name !== undefined && { name: values.name }),
      ...(values.user !== undefined && { user: values.user }),
      ...(token !== undefined && { token }),
    }
    return {
      topic,
      url: toUrl(values.url ?? 'http://localhost:8210'),
      event: values.event ?? 'message',
      credentials: Object.keys(credentials).length === 0 ? undefined : credentials,
      presence: values.name === undefined ? undefined : { name: values.name },
      input: values.input === undefined ? undefined : toInput(values.input),
      last: toLast(values.last ?? (process.stdin.isTTY ? '10' : '0')),
      stay: values.stay ?? false,
      json: values.json ?? false,
    }
  } catch (error) {
    throw error instanceof Misuse ? error : misuse(error)
  }
}

function toUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^(https?|wss?):$/.test(url.protocol))
    throw new Misuse(`--url must be like http://localhost:8210, not "${text}"`)
  url.protocol = url.protocol.replace('http', 'ws')
  if (url.pathname === '/') url.pathname = '/rollcall'
  url.hash = ''
  return url.href
}

function toInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Misuse(`--input must be JSON, such as '{"invite":"…"}'`)
  }
}

function toLast(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Misuse(`--last must be a whole number, not "${text}"`)
  return Number(text)
}
