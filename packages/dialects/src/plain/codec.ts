import { type Delivery, type JsonFault, type Payload, parseJson, type Variant } from '@rollcall/core'

/** How frames and payloads become each other. */
export interface PlainCodec {
  readonly event: string
  /** How every subscriber of this event and format is spoken to. */
  readonly variant: Variant
  decode(frame: Payload): { readonly payload: unknown } | { readonly fault: JsonFault }
}

const NOTHING: readonly Payload[] = []

export function plainCodec(event: string, format: 'text' | 'json', maxDepth: number): PlainCodec {
  const encode = format === 'json' ? asJson : asText
  return {
    event,
    variant: {
      id: `plain ${format} ${event}`,
      message: (delivery: Delivery) => (delivery.event === event ? encode(delivery.payload) : NOTHING),
      presence: () => null,
      count: () => null,
      position: () => null,
    },
    decode(frame) {
      if (typeof frame !== 'string' || format === 'text') return { payload: frame }
      const parsed = parseJson(frame, maxDepth)
      return 'fault' in parsed ? parsed : { payload: parsed.value }
    },
  }
}

function asJson(payload: unknown): Payload {
  return payload instanceof Uint8Array ? payload : JSON.stringify(payload ?? null)
}

function asText(payload: unknown): Payload {
  return typeof payload === 'string' ? payload : asJson(payload)
}
