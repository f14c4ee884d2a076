import type { Answer } from 'rollcall/long-poll'

// For browsers that can load scripts of other hosts but not ask them: an answer is a call of a function with a text.

const INDEX = /^\d{1,9}$/

/** The callback's number; null if the request wants none, or none that can be trusted in a script. */
export function jsonpIndex(query: URLSearchParams): string | null {
  const index = query.get('j')
  return index !== null && INDEX.test(index) ? index : null
}

export function jsonpAnswer(index: string, payload: string): Answer {
  // JSON may hold two characters that end a line in old scripts.
  const text = JSON.stringify(payload).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
  return {
    status: 200,
    headers: {
      'content-type': 'text/javascript; charset=UTF-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: `___eio[${index}](${text});`,
  }
}

/** What such a client posts by a form: `d=…`. Null if it is no form of that kind. */
export function jsonpBody(body: string): string | null {
  const posted = new URLSearchParams(body).get('d')
  // The form doubles the backslash of an escaped line break, since browsers change line breaks in forms.
  return posted?.replace(/(\\)?\\n/g, (escaped, doubled) => (doubled === undefined ? '\n' : escaped.slice(1))) ?? null
}
