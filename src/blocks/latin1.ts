type ToText = (bytes: Uint8Array, start: number, end: number) => string

// Node.js makes short strings of bytes several times faster than they are made of numbers
const latin1Slice = globalThis.process?.getBuiltinModule?.('node:buffer')?.Buffer.prototype.latin1Slice

/** The text that has a character for each byte. */
export const toLatin1: ToText = latin1Slice == null
  ? (bytes, start, end) => String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[])
  : (bytes, start, end) => latin1Slice.call(bytes as Buffer, start, end)
