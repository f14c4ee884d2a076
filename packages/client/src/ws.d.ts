// Only the name that is used: the package's own types would bring all of Node's into a package for browsers.
declare module 'ws' {
  export const WebSocket: new (url: string, protocols: string[]) => unknown
}
