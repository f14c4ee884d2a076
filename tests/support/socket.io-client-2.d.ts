// It is older than types.
declare module 'socket.io-client-2' {
  interface Socket {
    readonly id: string
    readonly connected: boolean
    readonly io: { readonly engine: { readonly transport: { readonly name: string } } }
    on(event: string, listener: (...args: never[]) => void): void
    emit(event: string, ...args: unknown[]): void
    disconnect(): void
  }
  function io(url: string, options?: object): Socket

  export { io as default, type Socket }
}
