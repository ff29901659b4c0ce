import { createWriter, read } from './cbor.ts'
import { maxLength, maxLevel } from './cuts.ts'
import { digestLength } from '../../blocks/digests.ts'

/** The lists of an archive: that of the blocks that databases share, and those of each database. */
export const listNames = ['shared', 'heads', 'identities', 'entries'] as const

export type ListName = typeof listNames[number]

/** A node of a list. It says which list it is of, so that no two lists have the same block. */
export interface Node {
  list: ListName
  /** Address of the database; none of the list of shared blocks. */
  address?: string
  /** 0 for a leaf. */
  level: number
  /** How many items are below each child; none in a leaf. */
  counts: number[]
  /** The time of each item of a leaf, and of the last item below each child. */
  times: number[]
  /** The digests of the items or the children, one after the other. */
  digests: Uint8Array
  /** Whether an item is named by its digest rather than linked; undefined where all are linked. */
  isNamed?: (i: number) => boolean
}

const writer = createWriter()

/** Encodes a node. */
export function encodeNode ({ list, address, level, counts, times, digests, isNamed = () => false }: Node): Uint8Array {
  writer.array(6)
  writer.text(list)
  address == null ? writer.null() : writer.text(address)
  writer.uint(level)
  writer.array(counts.length)
  for (const count of counts) writer.uint(count)
  writer.array(times.length)
  for (let i = 0; i < times.length; i++) writer.uint(i === 0 ? times[0] : times[i] - times[i - 1])
  writer.array(times.length)
  for (let i = 0; i < times.length; i++) {
    if (isNamed(i)) {
      writer.digest(digests, i * digestLength)
    } else {
      writer.link(level === 0 ? 'raw' : 'dag-cbor', digests, i * digestLength)
    }
  }
  return writer.finish()
}

/** Reads a node: undefined when it is none. */
export function decodeNode (bytes: Uint8Array): Node | undefined {
  return read(bytes, reader => {
    const { refuse } = reader
    if (reader.array() !== 6) refuse()
    const name = reader.text()
    const list = listNames.find(list => list === name) ?? refuse()
    const address = reader.hasNull() ? undefined : reader.text()
    const level = reader.uint()
    if (level > maxLevel) refuse()

    const readNumbers = (length = reader.array()): number[] => {
      if (length > maxLength(level)) refuse()
      return Array.from({ length }, () => reader.uint())
    }
    const counts = readNumbers()
    const times = readNumbers()
    const { length } = times
    if (length === 0 || counts.length !== (level === 0 ? 0 : length) || reader.array() !== length) refuse()
    for (let i = 1; i < length; i++) {
      times[i] += times[i - 1]
    }
    if (!Number.isSafeInteger(times[length - 1])) refuse()

    const digests = new Uint8Array(length * digestLength)
    const named = new Set<number>()
    for (let i = 0; i < length; i++) {
      const isLink = level > 0 || reader.isLink()
      if (!isLink) named.add(i)
      digests.set(isLink ? reader.link(level === 0 ? 'raw' : 'dag-cbor') : reader.digest(), i * digestLength)
    }
    return { list, address, level, counts, times, digests, ...(named.size > 0 && { isNamed: (i: number) => named.has(i) }) }
  })
}
