import type { CBORReader, CBORWriter } from './cbor.ts'

/** A list, as a root or a snapshot names it. One without items is left out. */
export interface List {
  /** How many items there are. */
  count: number
  /** The digest of its first node. */
  root: Uint8Array
}

export function writeList (writer: CBORWriter, { count, root }: List): void {
  writer.map(2)
  writer.text('root')
  writer.link('dag-cbor', root)
  writer.text('count')
  writer.uint(count)
}

export function readList (reader: CBORReader): List {
  if (reader.map() !== 2) reader.refuse()
  reader.key('root')
  const root = reader.link('dag-cbor').slice()
  reader.key('count')
  return { root, count: reader.uint() || reader.refuse() }
}
