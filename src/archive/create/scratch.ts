/** Gives memory of a length. */
export type Allocate = (length: number) => Uint8Array<ArrayBuffer>

/**
 * Creates what gives memory, of which all that was given before is used again: memory outside of the heap makes V8 collect garbage in
 * all of it.
 */
export function createScratch (): Allocate {
  let memory = new Uint8Array(0)
  return length => {
    // With room for what is a little longer
    if (length > memory.length) memory = new Uint8Array(length + (length >> 3))
    return memory.subarray(0, length)
  }
}
