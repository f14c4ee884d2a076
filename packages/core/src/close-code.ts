// One name each, read as `CloseCode.normal`: so a bundle carries only those that it uses.

/** Done; both sides agree. */
export const normal = 1000
/** The frame broke RFC 6455. */
export const protocolError = 1002
/** Text that is not UTF-8. */
export const invalidText = 1007
/** A message above the limit. */
export const tooBig = 1009
/** Nothing was heard for too long. */
export const silent = 4000
/** Reading too slowly on a channel that cannot wait. */
export const slow = 4001
/** The session went on over another connection. */
export const superseded = 4002
/** The server must forget this connection; come back and recover. */
export const insufficientState = 4003
/** The credentials ran out; come back with new ones. */
export const expired = 4004
/** The server is stopping or moving its clients. */
export const goingAway = 4100
/** Too many connections or handshakes right now. */
export const overloaded = 4101
/** A frame that is not of the protocol. */
export const badFrame = 4400
/** No valid hello, or no join, in time. */
export const idle = 4401
/** The credentials were refused. */
export const unauthorized = 4402
/** Disconnected by the application. */
export const kicked = 4403
/** Nested too deep. */
export const tooDeep = 4404
/** Kept on after being told to slow down. */
export const tooFast = 4405
/** A protocol version that the server does not speak. */
export const wrongVersion = 4406
