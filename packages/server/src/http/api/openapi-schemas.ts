// The schemas of the API's document: JSON Schema 2020-12, as OpenAPI 3.1 has it.

const text = { type: 'string' } as const
const whole = { type: 'integer', minimum: 0 } as const
const name = { type: 'string', minLength: 1, maxLength: 255 } as const
const counts = { type: 'object', additionalProperties: whole } as const

function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  return { type: 'object', properties, required: Object.keys(properties).filter((field) => !optional.includes(field)) }
}

const ref = (schema: string) => ({ $ref: `#/components/schemas/${schema}` })

export const schemas: Readonly<Record<string, object>> = {
  Problem: {
    ...object(
      {
        title: { ...text, description: 'The words of the status' },
        status: { type: 'integer', minimum: 400, maximum: 599 },
        detail: { ...text, description: 'What cannot be done, why, and what to do instead' },
        code: { ...text, description: 'A stable name of what went wrong; branch on it' },
        retryAfterMs: { ...whole, description: 'Not before this many milliseconds from now' },
      },
      ['retryAfterMs'],
    ),
    description: 'A failure, after RFC 9457',
  },
  Position: {
    ...object({ epoch: text, offset: whole }),
    description: 'Where a message stands in the log of its topic. Offsets rise by one within an epoch.',
  },
  Sender: {
    ...object({ key: name, connection: text, name: text }, ['connection', 'name']),
    description: 'Who a message is from: the id of a user, and where given its connection and the name that is shown',
  },
  Emission: object(
    {
      event: { ...name, description: 'An event that the channel of the topic emits' },
      payload: { description: 'Anything that the schema of the event takes. Default null.' },
      from: { oneOf: [ref('Sender'), { type: 'null' }], description: 'Default: the application itself' },
      idempotencyKey: { ...name, description: 'Emits with the same key are accepted once within five minutes' },
    },
    ['payload', 'from', 'idempotencyKey'],
  ),
  Emitted: object({
    position: {
      oneOf: [ref('Position'), { type: 'null' }],
      description: 'Null on channels without history, and for volatile events',
    },
  }),
  Message: object(
    {
      event: text,
      payload: { description: 'As it was emitted; text in base64 where `encoding` says so' },
      encoding: { const: 'base64', description: 'There if the payload is bytes' },
      from: { oneOf: [ref('Sender'), { type: 'null' }] },
      at: { type: 'number', description: 'When it was accepted, in milliseconds since the Unix epoch' },
      offset: whole,
    },
    ['encoding'],
  ),
  Page: object({
    epoch: text,
    more: { type: 'boolean', description: 'Whether there is more in the direction that was asked' },
    messages: { type: 'array', items: ref('Message'), description: 'Oldest first' },
  }),
  Member: object({
    key: { ...text, description: 'The id of the user' },
    meta: { description: 'The newest metadata of the member' },
    entries: {
      type: 'array',
      minItems: 1,
      items: object({ id: text, meta: {} }),
      description: 'One for each tab or device, oldest first',
    },
  }),
  Members: object({ members: { type: 'array', items: ref('Member') } }),
  Count: object({
    members: { ...whole, description: 'People' },
    entries: { ...whole, description: 'Tabs and devices' },
  }),
  Kick: {
    ...object({ user: name, connection: name, reason: { ...name, description: 'Told to the client' } }, [
      'user',
      'connection',
      'reason',
    ]),
    oneOf: [{ required: ['user'] }, { required: ['connection'] }],
  },
  Kicked: object({ kicked: { ...whole, description: 'How many memberships ended' } }),
  Revocation: {
    ...object(
      {
        user: name,
        session: { ...name, description: 'One sign-in: the name that its credentials gave it' },
        reason: { ...name, description: 'Told to the client' },
        forMs: {
          type: 'number',
          exclusiveMinimum: 0,
          default: 86_400_000,
          description: 'How long the credentials are refused: as long as they may live',
        },
      },
      ['user', 'session', 'reason', 'forMs'],
    ),
    oneOf: [{ required: ['user'] }, { required: ['session'] }],
  },
  Disconnected: object({ disconnected: { ...whole, description: 'How many connections ended' } }),
  Live: object({ live: { const: true } }),
  Health: object(
    {
      live: { const: true },
      ready: { type: 'boolean', description: 'False while the server is stopping, or something is away' },
      away: {
        type: 'array',
        minItems: 1,
        items: { enum: ['broker', 'log'] },
        description: 'What the node depends on and cannot reach: the other nodes, or what keeps the messages',
      },
    },
    ['away'],
  ),
  Stats: {
    ...object({
      connections: whole,
      channels: whole,
      sessions: whole,
      nodes: { type: 'integer', minimum: 1, description: 'Nodes that this one hears, itself included' },
      emitted: whole,
      deliveries: whole,
      refusals: { ...counts, description: 'By error code' },
      closes: { ...counts, description: 'Closes by the server, by close code' },
      rateLimited: whole,
      handshakesRefused: whole,
      kicked: { ...whole, description: 'Memberships that the application ended' },
      volatileDropped: whole,
      volatileConflated: whole,
      behind: whole,
      caughtUp: whole,
      closedAsSlow: whole,
    }),
    description: 'Figures of this node. All but connections, channels, sessions and nodes only rise.',
  },
}
