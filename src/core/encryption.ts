/** Encrypts or decrypts bytes. */
export type CryptFunction = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** A pair of functions that undo each other. */
export interface Cipher {
  encrypt: CryptFunction
  decrypt: CryptFunction
}

/** How the entries of a log are encrypted; what is left out stays plain. */
export interface Encryption {
  /** Encrypts whole entries: without it, a peer can not read the log's structure. */
  replication?: Cipher
  /** Encrypts payloads: without it, a peer can replicate the log but not read it. */
  data?: Cipher
}
