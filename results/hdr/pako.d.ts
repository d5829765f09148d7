declare module 'pako' {
  interface DeflateOptions {
    readonly level?: number;
    readonly windowBits?: number;
    readonly memLevel?: number;
    readonly strategy?: number;
    readonly chunkSize?: number;
  }
  const pako: { deflate(data: Uint8Array, options?: DeflateOptions): Uint8Array };
  export default pako;
}
