declare module '@orbitdb/simple-encryption' {
  export default function SimpleEncryption (options: { password: string | Uint8Array }): Promise<{
    encrypt: (bytes: Uint8Array) => Promise<Uint8Array>
    decrypt: (bytes: Uint8Array) => Promise<Uint8Array>
  }>
}
