import { deflate, gzip } from 'node:zlib'
import type { Answer } from './exchange.ts'

/** The answer with its body compressed as the client takes it; as it is if it takes neither, or if that fails. */
export function compressed(answer: Answer, acceptEncoding: string, done: (answer: Answer) => void): void {
  const encoding = chosen(acceptEncoding)
  if (!encoding) return done(answer)
  const compress = encoding === 'gzip' ? gzip : deflate
  compress(answer.body ?? '', (error, body) => {
    if (error) return done(answer)
    done({
      ...answer,
      body,
      headers: { ...answer.headers, 'content-encoding': encoding, vary: vary(answer.headers?.vary) },
    })
  })
}

function chosen(acceptEncoding: string): 'gzip' | 'deflate' | null {
  const refused = /^\s*(\w+|\*)\s*;\s*q=0(\.0*)?\s*$/
  const taken = acceptEncoding.split(',').filter((each) => !refused.test(each))
  const names = taken.map((each) => each.split(';', 1)[0]?.trim().toLowerCase())
  if (names.includes('gzip')) return 'gzip'
  return names.includes('deflate') ? 'deflate' : null
}

function vary(before: string | undefined): string {
  return before === undefined ? 'Accept-Encoding' : `${before}, Accept-Encoding`
}
