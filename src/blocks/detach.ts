/**
 * Bytes with memory of their own. Stores keep all of the memory that bytes are a part of, such as a
 * chunk of an archive: IndexedDB writes and reads all of the chunk for each block in it.
 */
export function detach (bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
