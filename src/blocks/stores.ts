/*
 * Which stores a node has, where these are known to be Level databases or Maps that nobody changed.
 */
import { openMemoryBlocks, openMemoryRecords } from './memory.ts'
import type { Level, SortedLevel } from './records.ts'
import type { HeliaNode } from '../core/index.ts'

/** Keeps garbage collection from running until it is released. */
interface Lock {
  readLock (): Promise<() => void>
}

/** The stores of a node that was recognised. */
export interface LevelStores {
  lock: Lock
  blocks: Level
  /** Where the pins are, if that was recognised as well. */
  pins?: Level
}

type Shape = Record<string, any>

/** The methods that no layer may have replaced by others. */
const methods = ['get', 'getMany', 'has', 'put', '_put', 'putMany', 'query']

/** What the classes of Helia 7 and of its stores have, which is how they are told where a minifier has taken their names. */
const members = {
  BlockStorage: 'child constructor createSession delete deleteMany get getAll getMany has isStarted lock pins put putMany routing start started stop unwrap',
  NetworkedStorage: 'blockBrokers child constructor createSession getHasher isStarted log logger start started stop unwrap',
  IdentityBlockstore: 'child constructor delete get getAll has maxDigestLength put',
  LevelBlockstore: 'base close constructor db delete get getAll has open opts put',
  LevelDatastore: '_query batch close constructor db delete get has open opts put query queryKeys',
  MemoryBlockstore: '_put constructor data delete get getAll has put',
  MemoryDatastore: '_all _allKeys constructor data delete get has put',
  PinsImpl: 'add blockstore constructor datastore get getCodec isPinned ls rm setMetadata'
}

/** Whether an object is of one of these classes, and nobody has changed it. */
function isPlain (object: Shape | undefined, className: keyof typeof members): object is Shape {
  const prototype = object == null ? undefined : Object.getPrototypeOf(object)
  if (object == null || prototype == null || methods.some(name => Object.hasOwn(object, name))) {
    return false
  }
  return findStores.name === 'findStores'
    ? prototype.constructor.name === className
    : [...Object.getOwnPropertyNames(object), ...Object.getOwnPropertyNames(prototype)].sort().join(' ') === members[className]
}

const isLevel = (db: Shape | undefined): db is Shape & SortedLevel => {
  return ['getMany', 'hasMany', 'batch', 'iterator', 'keys'].every(name => typeof db?.[name] === 'function') && db?.supports?.has === true
}

/** What a blockstore is, where it is one that is known. */
function findBlocks (store: Shape | undefined): Level | undefined {
  if (isPlain(store, 'MemoryBlockstore') && store.data instanceof Map) {
    return openMemoryBlocks(store.data)
  }
  return isPlain(store, 'LevelBlockstore') && isLevel(store.db) && store.base?.name === 'base32upper' ? store.db : undefined
}

/** What a datastore is, where it is one that is known. */
function findRecords (store: Shape | undefined): Level | undefined {
  if (isPlain(store, 'MemoryDatastore') && store.data instanceof Map) {
    return openMemoryRecords(store.data)
  }
  return isPlain(store, 'LevelDatastore') && isLevel(store.db) ? store.db : undefined
}

/** Finds the Level databases of a node: undefined when it is not one whose stores are known. */
export function findStores (node: HeliaNode): LevelStores | undefined {
  const { info, blockstore, datastore, pins } = node as Shape
  if (info?.name !== 'helia' || !/^7\./.test(info.version) || !isPlain(blockstore, 'BlockStorage') || typeof blockstore.lock?.readLock !== 'function') {
    return
  }
  const networked = blockstore.child
  const identity = networked?.child
  const blocks = isPlain(networked, 'NetworkedStorage') && isPlain(identity, 'IdentityBlockstore') ? findBlocks(identity.child) : undefined
  if (blocks == null) {
    return
  }
  const hasPins = isPlain(pins, 'PinsImpl') && pins.datastore === datastore
  return { lock: blockstore.lock, blocks, pins: hasPins ? findRecords(datastore) : undefined }
}
