import { createWriter, read } from './cbor.ts'
import { readList, writeList } from './list.ts'
import type { List } from './list.ts'
import type { DatabaseAddress } from '../../core/index.ts'

/** What decides about write access, which an archive holds elsewhere. */
export type AccessControllerName =
  /** The digest of a shared block, such as the list of those who may write. */
  | { block: Uint8Array }
  /** The address of a database, whose snapshot stands beside this one. */
  | { database: string }
  /** The digest of a shared block with the state that the access controller exported. */
  | { state: Uint8Array }

/** A snapshot of a database. */
export interface Snapshot {
  /** It names the manifest, which is a shared block. */
  address: DatabaseAddress
  /** None where its type of access controller has neither block nor state. */
  accessController?: AccessControllerName
  heads?: List
  /** The identities of the writers. */
  identities?: List
  entries?: List
  /** Whether some entries could not be read, so that identities may lack their writers. */
  isUnread: boolean
}

/** Encodes a snapshot. */
export function encodeSnapshot ({ address, accessController, heads, identities, entries, isUnread }: Snapshot): Uint8Array {
  const writer = createWriter()
  writer.map(1 + [heads, isUnread || undefined, entries, identities, accessController].filter(value => value != null).length)
  if (heads != null) {
    writer.text('heads')
    writeList(writer, heads)
  }
  if (isUnread) {
    writer.text('unread')
    writer.true()
  }
  writer.text('address')
  writer.text(address)
  if (entries != null) {
    writer.text('entries')
    writeList(writer, entries)
  }
  if (identities != null) {
    writer.text('identities')
    writeList(writer, identities)
  }
  if (accessController != null) {
    writer.text('accessController')
    writer.map(1)
    for (const [kind, name] of Object.entries(accessController)) {
      writer.text(kind)
      typeof name === 'string' ? writer.text(name) : writer.digest(name)
    }
  }
  return writer.finish()
}

/** Reads a snapshot: undefined when it is none. */
export function decodeSnapshot (bytes: Uint8Array): Snapshot | undefined {
  return read(bytes, reader => {
    let size = reader.map()
    const readIf = <Value> (name: string, read: () => Value): Value | undefined => {
      if (size > 0 && reader.hasKey(name)) {
        size--
        return read()
      }
    }
    const readListIf = (name: string): List | undefined => readIf(name, () => readList(reader))
    const heads = readListIf('heads')
    const isUnread = readIf('unread', reader.true) != null
    const address = readIf('address', reader.text) ?? reader.refuse()
    const entries = readListIf('entries')
    const identities = readListIf('identities')
    const accessController = readIf('accessController', (): AccessControllerName => {
      if (reader.map() !== 1) reader.refuse()
      if (reader.hasKey('block')) return { block: reader.digest().slice() }
      if (reader.hasKey('state')) return { state: reader.digest().slice() }
      reader.key('database')
      return { database: reader.text() }
    })
    if (size !== 0) reader.refuse()
    return { address: address as DatabaseAddress, accessController, heads, identities, entries, isUnread }
  })
}
