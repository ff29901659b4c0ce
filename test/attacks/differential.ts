import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { addressOf, append, identityBlock, nameBlock, sign, toArchive, toBlock, toState } from '../hostile/logs.ts'
import { codeOf, createStorages } from '../hostile/world.ts'
import { ArchiveError, Identities, KeyStore, Log, MemoryStorage, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { HostileLog, NamedBlock } from '../hostile/logs.ts'
import type { Victim } from '../hostile/world.ts'
import type { Events, SigningIdentity } from '../../src/index.ts'

/*
 * Honest logs with one thing changed, all from a seed. Whatever it is, all ways into a log have to agree about it.
 */

/** Numbers from a seed. */
function createRandom (seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(next() * count)
  return { below, pick: <Item> (items: readonly Item[]): Item => items[below(items.length)] }
}

type Random = ReturnType<typeof createRandom>

interface Case {
  log: HostileLog
  writers: SigningIdentity[]
  stranger: SigningIdentity
  random: Random
}

const values: unknown[] = [null, 0, -1, 1.5, 2n ** 60n, '', 'x', 'ab', true, [], {}, ['x'], { toString: 1 }, Uint8Array.of(1)]
const fieldNames = ['v', 'id', 'key', 'sig', 'next', 'refs', 'clock', 'payload', 'identity', 'x', 'hash', 'toString']

const flip = (bytes: Uint8Array, { below }: Random): Uint8Array => {
  const changed = Uint8Array.from(bytes)
  changed[below(bytes.length)] ^= 1 << below(8)
  return changed
}

/** Replaces an entry, also among the heads; what follows it does not know. */
function replace (log: HostileLog, i: number, block: NamedBlock): void {
  const { hash } = log.entries[i]
  log.entries[i] = block
  log.heads = log.heads.map(head => head === hash ? block.hash : head)
}

/** Changes to a log: whether what is left is one that can be told from entries alone, without the lists of an archive. */
const mutations: Record<string, { isOfEntries: boolean, change: (options: Case) => unknown }> = {
  nothing: { isOfEntries: true, change: () => {} },
  'a bit of an entry': {
    isOfEntries: true,
    change: async ({ log, random }) => {
      const i = random.below(log.entries.length)
      replace(log, i, await nameBlock(flip(log.entries[i].bytes, random)))
    }
  },
  'a bit of the last entry': { isOfEntries: true, change: async ({ log, random }) => replace(log, log.entries.length - 1, await nameBlock(flip(log.entries.at(-1)!.bytes, random))) },
  'a bit of an entry under its old hash': {
    isOfEntries: true,
    change: ({ log, random }) => {
      const i = random.below(log.entries.length)
      log.entries[i] = { ...log.entries[i], bytes: flip(log.entries[i].bytes, random) }
    }
  },
  'a bit of an identity': {
    isOfEntries: false,
    change: async ({ log, random }) => {
      const i = random.below(log.identities.length)
      log.identities[i] = await nameBlock(flip(log.identities[i].bytes, random))
    }
  },
  'a field that is not signed': {
    isOfEntries: true,
    change: async ({ log, random }) => {
      const entry = dagCbor.decode<object>(log.entries.at(-1)!.bytes)
      replace(log, log.entries.length - 1, await toBlock({ ...entry, [random.pick(fieldNames)]: random.pick(values) }))
    }
  },
  'a field that is signed': {
    isOfEntries: true,
    change: async ({ log, writers, random }) => {
      const { heads } = log
      const field = random.pick(['v', 'id', 'next', 'refs', 'clock', 'payload'])
      await append(log, random.pick(writers), { [field]: random.pick(values) })
      // What follows nothing leaves the heads that there were
      if (field === 'next') log.heads.push(...heads)
    }
  },
  'a field less': {
    isOfEntries: true,
    change: async ({ log, random }) => {
      const { [random.pick(fieldNames.slice(0, 9))]: left, ...entry } = dagCbor.decode<Record<string, unknown>>(log.entries.at(-1)!.bytes)
      replace(log, log.entries.length - 1, await toBlock(entry))
    }
  },
  'a link to anything': {
    isOfEntries: true,
    change: async ({ log, writers, random }) => {
      const { hash } = random.pick([log.manifest, log.access!, ...log.identities, ...log.entries])
      await append(log, random.pick(writers), { [random.pick(['next', 'refs'])]: [...log.heads, hash] })
    }
  },
  'an entry of a stranger': {
    isOfEntries: true,
    change: async ({ log, stranger }) => {
      log.identities.push(await identityBlock(stranger))
      await append(log, stranger)
    }
  },
  'an entry in the name of another': { isOfEntries: true, change: async ({ log, writers, stranger, random }) => append(log, stranger, {}, { identity: random.pick(writers).hash }) },
  'an entry missing': { isOfEntries: true, change: ({ log, random }) => log.entries.splice(random.below(log.entries.length), 1) },
  'entries doubled': { isOfEntries: true, change: ({ log }) => log.entries.push(...log.entries) },
  'entries in another order': { isOfEntries: true, change: ({ log, random }) => log.entries.sort(() => random.below(3) - 1) },
  'another head': { isOfEntries: false, change: ({ log, random }) => { log.heads = [random.pick(log.entries).hash] } }
}

async function createIdentities (ids: string[]) {
  const storage = await MemoryStorage<any>()
  const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage })
  const created: SigningIdentity[] = []
  for (const id of ids) created.push(await identities.createIdentity({ id }))
  return created
}

/** A log of several writers, with several branches. */
async function createCase (seed: number): Promise<Case> {
  const random = createRandom(seed)
  const [stranger, ...writers] = await createIdentities(['stranger', 'a', 'b', 'c'])
  const access = await toBlock({ type: 'ipfs', write: writers.map(({ id }) => id) })
  const manifest = await toBlock({ name: `${seed} ${stranger.publicKey}`, type: 'events', accessController: `/ipfs/${access.hash}` })
  const log: HostileLog = { manifest, access, identities: [], entries: [], heads: [] }
  const used = new Set<SigningIdentity>()
  for (let i = random.below(8); i >= 0; i--) {
    const next = log.heads.filter(() => random.below(3) > 0)
    const refs = log.entries.filter(({ hash }) => random.below(4) === 0 && !next.includes(hash)).map(({ hash }) => hash)
    const time = log.entries.length + 1
    const writer = random.pick(writers)
    used.add(writer)
    const block = await sign(writer, { id: addressOf(log), next, refs: next.length === 0 ? [] : refs, clock: { id: writer.publicKey, time }, payload: { op: 'ADD', key: null, value: random.below(100) } })
    log.entries.push(block)
    log.heads = [...log.heads.filter(hash => !next.includes(hash)), block.hash]
  }
  for (const writer of used) log.identities.push(await identityBlock(writer))
  return { log, writers: [...used], stranger, random }
}

const hashesOf = async (db: Events) => {
  const { heads, index } = await db.log.export()
  return { heads: heads.map(({ hash }) => hash).sort(), index: [...index.keys()].sort() }
}

/** Joins each entry to a log in memory, and says whether all were taken, and what there is then. */
async function joinAll (log: HostileLog) {
  const storage = await MemoryStorage<any>()
  const entryStorage = await MemoryStorage<any>()
  const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage })
  const reader = await identities.createIdentity({ id: 'reader' })
  for (const { hash, bytes } of [log.manifest, log.access!, ...log.identities]) await storage.put(hash, bytes)
  const { write } = dagCbor.decode<{ write: string[] }>(log.access!.bytes)
  const canAppend = async ({ identity }: { identity: string }): Promise<boolean> => {
    const writer = await identities.getIdentity(identity)
    return writer != null && write.includes(writer.id) && await identities.verifyIdentity(writer)
  }
  for (const { hash, bytes } of [...log.entries, log.manifest, log.access!, ...log.identities]) await entryStorage.put(hash, bytes)
  const joined = await Log(reader, { logId: addressOf(log), access: { canAppend } as any, entryStorage })
  let isJoined = log.heads.every(head => log.entries.some(({ hash }) => hash === head))
  for (const { hash, bytes } of log.entries) {
    const { hash: actual } = await nameBlock(bytes)
    if (actual !== hash) isJoined = false
    isJoined = await joined.joinEntry(bytes).then(() => true, () => false) && isJoined
  }
  return { isJoined, contents: await hashesOf({ log: joined } as unknown as Events) }
}

/**
 * Makes the log of a seed, and fails unless restore, verify, import and joins agree about it.
 *
 * @returns what was changed, and whether it was taken.
 */
export async function assertAgree ({ orbitdb }: Victim, seed: number): Promise<{ mutation: string, isTaken: boolean }> {
  const example = await createCase(seed)
  const { log, random } = example
  const mutation = random.pick(Object.keys(mutations))
  const { isOfEntries, change } = mutations[mutation]
  await change(example)
  const bytes = await toArchive([log])

  const report = await verifyBackup(bytes).catch((error: unknown) => {
    ok(error instanceof ArchiveError, error as Error)
    return { ok: false, unchecked: [] }
  })
  const take = async (open: (storages: Awaited<ReturnType<typeof createStorages>>) => Promise<Events>) => {
    let contents
    const code = await codeOf(async () => {
      const db = await open(await createStorages())
      contents = await hashesOf(db)
      await db.drop()
    })
    return { code, contents }
  }
  const state = await take(storages => orbitdb.import<Events>(toState(log), { sync: false, ...storages }))
  const archive = await take(storages => restoreBackup<Events>(orbitdb, bytes, { sync: false, ...storages }))
  const restored = archive.contents
  const isTaken = archive.code == null
  strictEqual(report.ok, isTaken, `${mutation}: verify ${report.ok}, restore ${archive.code}`)
  if (isTaken) deepStrictEqual(state.contents, restored, 'import and restore give the same')
  if (isOfEntries) {
    strictEqual(state.code == null, isTaken, `${mutation}: import ${state.code}, restore ${archive.code}`)
    const { isJoined, contents } = await joinAll(log)
    strictEqual(isJoined, isTaken, `${mutation}: joins ${isJoined}, restore ${archive.code}`)
    if (isTaken) deepStrictEqual(contents, restored, 'joins and restore give the same')
  }
  return { mutation, isTaken }
}
