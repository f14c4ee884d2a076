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
  // biome-ignore lint/style/noDefaultExport: this is how a module sees what a CommonJS one exports
  export default function io(url: string, options?: object): Socket
  export type { Socket }
}
