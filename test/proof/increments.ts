// Increments of logs to which anything may happen, against whole backups of the same logs
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { archive } from '../helpers/archives.ts'
import { createCipher } from '../helpers/encryption.ts'
import { kinds } from '../helpers/helia.ts'
import { contentsOf } from '../helpers/logs.ts'
import { runSequences } from './sequences.ts'
import { createBackup, createOrbitDB, createSnapshot, inspectBackup, IPFSAccessController, IPFSBlockStorage, Log, mergeBackups, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { SequencesOptions } from './sequences.ts'
import type { BackupSource, Database, DatabaseSummary, Encryption, ImportOptions, OrbitDB, SignedEntry } from '../../src/index.ts'

/** What may happen. A step that is not possible is left out. */
type Step =
  /** The log joins what another writes then, or later */
  | { do: 'write' | 'write as another' | 'contribute', db: number, writer: number, count: number }
  /** A writer joins what the log has, or the log what the writer has */
  | { do: 'follow' | 'join', db: number, writer: number }
  /** An entry of one log gets into another */
  | { do: 'share', db: number }
  /** Somebody may write, or may not any more, to the database whose access controller is a database */
  | { do: 'grant' | 'revoke', writer: number }
  | { do: 'back up', of: number[], bases: number[], form: 'bytes' | 'blob' | 'stream' | 'snapshot', isWhole: boolean, isRestored: boolean }
  /** A database is dropped, and restored as it was in an archive */
  | { do: 'go back', db: number, to: number }

const db = fc.constantFrom(0, 1, 2, 3, 3)
const writer = fc.nat(2)
const of = fc.constantFrom([0], [1], [2], [3], [0, 1], [0, 2], [0, 3], [1, 3], [0, 1, 2, 3])
const count = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }) }, { weight: 1, arbitrary: fc.integer({ min: 20, max: 120 }) })
const form = fc.constantFrom('bytes', 'blob', 'stream', 'snapshot')
const arbitraries: Array<fc.WeightedArbitrary<Step>> = [
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write'), db, writer, count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('write as another', 'contribute'), db, writer, count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('follow', 'join'), db, writer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('share'), db }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('grant', 'revoke'), writer }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('back up'), of, bases: fc.array(fc.nat(9), { maxLength: 3 }), form, isWhole: fc.boolean(), isRestored: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('go back'), db, to: fc.nat(9) }) }
] as Array<fc.WeightedArbitrary<Step>>
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(...arbitraries), { minLength: 8, maxLength: 24 })

export interface IncrementsOptions extends SequencesOptions {
  onRun?: (steps: number, increments: number) => void
}

/** Performs random sequences. What goes wrong is shown by the shortest sequence that was found. */
export async function runIncrements ({ onRun, ...options }: IncrementsOptions): Promise<void> {
  let count = 0
  const performOne = async (steps: Step[], directory: string): Promise<void> => {
    const started: Array<() => Promise<void>> = []
    const start: Start = async () => {
      const path = join(directory, String(count++))
      // Each has a network of its own, with nobody else in it
      const libp2p = await createLibp2p({ services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) } })
      const ipfs = Object.assign(await kinds['Helia 7 in memory'](), { libp2p })
      const orbitdb = await createOrbitDB({ ipfs, directory: path })
      started.push(async () => {
        await orbitdb.stop()
        await ipfs.stop()
        await libp2p.stop()
        await rm(path, { recursive: true, force: true })
      })
      return orbitdb
    }
    try {
      onRun?.(steps.length, await perform(steps, start))
    } finally {
      for (const stop of started) await stop()
    }
  }
  await runSequences('increments', steps, performOne, options)
}

/** Starts a node with OrbitDB, which is stopped at the end. */
type Start = () => Promise<OrbitDB>

interface Live {
  db: Database
  address: string
  encryption?: Encryption
  writers: Log[]
  /** Whether it has an entry of another, which no restore takes. */
  isForeign: boolean
}

interface Contents {
  heads: string[]
  index: string[]
  /** Those of its access controller, where that is a database. */
  access?: Contents
}

/** An archive, or a snapshot on the node. */
interface Made {
  source: Uint8Array | CID
  root: string
  /** What it is based on, and what these are. */
  bases: Made[]
  contents: Map<Live, Contents>
  /** Those that have entries of who was not allowed to write them any more. */
  denied: Set<Live>
}

const toSource = (source: Made['source'], form: string): Uint8Array | Blob | AsyncIterable<Uint8Array> | CID => {
  return source instanceof CID || form === 'bytes' ? source : form === 'blob' ? new Blob([source as BlobPart]) : (async function * () { yield source })()
}

async function perform (steps: Step[], start: Start): Promise<number> {
  const orbitdb = await start()
  const identities = await Promise.all(['one', 'two', 'three'].map(id => orbitdb.identities.createIdentity({ id })))
  const cipher = { replication: await createCipher() }
  const open = async (name: string, encryption?: Encryption): Promise<Database> => {
    const AccessController = name === 'team' ? OrbitDBAccessController() : IPFSAccessController({ write: ['*'] })
    return await orbitdb.open(name, { type: 'events', AccessController, sync: false, encryption } as object) as unknown as Database
  }
  const accessOf = ({ db }: Pick<Live, 'db'>): OrbitDBAccessController => db.access as OrbitDBAccessController
  const follow = async (live: Live, writer: number): Promise<void> => {
    live.writers[writer] = await Log(identities[writer], { logId: live.address, entryStorage: await IPFSBlockStorage({ ipfs: orbitdb.ipfs }), encryption: live.encryption })
    for (const head of await live.db.log.heads()) await live.writers[writer].joinEntry(head)
  }
  const join = async ({ db, writers }: Live, writer: number): Promise<void> => {
    for (const head of await writers[writer].heads()) {
      await db.log.joinEntry(head).catch(error => { if (accessOf({ db }).grant == null || error.code !== 'access-denied') throw error })
    }
  }
  const all: Live[] = []
  for (const [name, encryption] of [['a', undefined], ['b', undefined], ['secret', cipher], ['team', undefined]] as const) {
    const db = await open(name, encryption)
    const live: Live = { db, address: db.address, encryption, writers: [], isForeign: false }
    for (const writer of identities.keys()) await follow(live, writer)
    all.push(live)
  }
  const read = async ({ db }: Pick<Live, 'db'>): Promise<Contents> => {
    const { heads, index } = await contentsOf(db.log)
    const access = await accessOf({ db }).export?.()
    return { heads, index, ...access && { access: { heads: access.heads.map(({ hash }) => hash).sort(), index: [...access.index.keys()].sort() } } }
  }
  /** Whether it has an entry of who may not write any more. */
  const isDenied = async ({ db }: Live): Promise<boolean> => {
    for (const entry of accessOf({ db }).export == null ? [] : await db.log.values()) {
      if (!await db.access.canAppend(entry as SignedEntry)) return true
    }
    return false
  }
  for (const { id } of identities.slice(0, 2)) await accessOf(all[3]).grant('write', id)
  const made: Made[] = []
  let value = 0
  let increments = 0

  const restored = async (source: BackupSource, live: Live, other: OrbitDB, root?: string, verify: ImportOptions['verify'] = true): Promise<Contents> => {
    const db = await restoreBackup<Database>(other, source, { root, databases: [live.address], encryption: live.encryption, sync: false, verify } as object)
    const contents = await read({ db })
    await db.close()
    return contents
  }
  /** All of what an archive needs, itself included, each once. */
  const closureOf = (some: Made[]): Made[] => [...new Set(some.flatMap(one => [...closureOf(one.bases), one]))]
  const sourcesOf = (some: Made[]): { sources: Array<Uint8Array | CID> } => ({ sources: closureOf(some).map(({ source }) => source) })

  const check = async (one: Made, isRestored: boolean): Promise<void> => {
    const lives = [...one.contents.keys()]
    const source = sourcesOf([one])
    const isLocal = source.sources.some(source => source instanceof CID)
    const report = await verifyBackup(source, { root: one.root, orbitdb })
    const isSound = !lives.some(({ isForeign, encryption }) => isForeign || encryption != null)
    const isProblem = ({ code }: { code: string }): boolean => isSound ? code !== 'access-denied' : ['dag-invalid', 'archive-truncated'].includes(code)
    deepStrictEqual([report.root, report.needs, report.problems.filter(isProblem)], [one.root, [], []])
    if (isSound) strictEqual(report.problems.some(({ code }) => code === 'access-denied'), one.denied.size > 0)
    for (const { address, accessController, ...summary } of (await inspectBackup(source, { root: one.root, ipfs: orbitdb.ipfs })).databases) {
      const live = lives.find(live => live.address === address)!
      const { access, ...contents } = one.contents.get(live)!
      const isAsIs = ({ entries, heads }: Pick<DatabaseSummary, 'entries' | 'heads'>, { index, heads: headsOf }: Contents): void => deepStrictEqual([entries, heads], [index.length, headsOf.length])
      // What is of another log brings along what it follows there
      if (!live.isForeign) isAsIs(summary, contents)
      if (access != null) isAsIs(accessController!, access)
    }
    if (!isRestored || isLocal) return
    for (const live of lives.filter(({ isForeign }) => !isForeign)) {
      const expected = one.contents.get(live)!
      const other = await start()
      const isDenied = one.denied.has(live)
      if (isDenied) await rejects(restored(source, live, other, one.root), { code: 'access-denied' })
      deepStrictEqual(await restored(source, live, other, one.root, isDenied ? 'signatures' : true), expected)
      // Alone, on a node that has all of its bases
      const bases = one.bases.filter(({ contents }) => contents.has(live))
      if (bases.length === 0 || one.bases.some(({ contents }) => [...contents.keys()].some(({ isForeign }) => isForeign))) continue
      const another = await start()
      for (const base of one.bases) {
        for (const other of base.contents.keys()) await restored(sourcesOf([base]), other, another, base.root, 'signatures')
      }
      const union = await restored(one.source, live, another, undefined, 'signatures').catch(error => { if (error.code !== 'database-not-found') throw error })
      if (union == null) continue
      const unionOf = (indexOf: (contents: Contents) => string[] | undefined): string[] => [...new Set([...bases, one].flatMap(({ contents }) => indexOf(contents.get(live)!) ?? []))].sort()
      deepStrictEqual([union.index, union.access?.index ?? []], [unionOf(({ index }) => index), unionOf(({ access }) => access?.index)])
    }
  }

  for (const step of steps) {
    if (step.do === 'write') {
      for (let i = 0; i < step.count; i++) await all[step.db].db.addOperation({ op: 'ADD', key: null, value: value++ })
    } else if (step.do === 'write as another' || step.do === 'contribute') {
      for (let i = 0; i < step.count; i++) await all[step.db].writers[step.writer].append({ op: 'ADD', key: null, value: value++ })
      if (step.do === 'contribute') await join(all[step.db], step.writer)
    } else if (step.do === 'follow') {
      if (!all[step.db].isForeign) await follow(all[step.db], step.writer)
    } else if (step.do === 'join') {
      await join(all[step.db], step.writer)
    } else if (step.do === 'grant' || step.do === 'revoke') {
      await accessOf(all[3])[step.do]('write', identities[step.writer].id)
    } else if (step.do === 'share') {
      const [live, other] = [all[step.db], all[(step.db + 1) % 2]]
      const [head] = await other.db.log.heads()
      if (step.db > 1 || head == null || live.isForeign || other.isForeign || await live.db.log.has(head.hash)) continue
      const { heads } = await live.db.log.snapshot()
      await live.db.log.indexStorage.put(head.hash, true)
      await live.db.log.headsStorage.put('heads', new TextEncoder().encode(JSON.stringify([...heads, { hash: head.hash, next: [] }])))
      live.isForeign = true
    } else if (step.do === 'go back') {
      const live = all[step.db]
      const to = made[step.to]
      if (live.isForeign || to?.contents.has(live) !== true) continue
      await live.db.drop()
      await live.db.close()
      live.db = await restoreBackup<Database>(orbitdb, sourcesOf([to]), { root: to.root, databases: [live.address], encryption: live.encryption, sync: false, verify: to.denied.has(live) ? 'signatures' : true } as object)
      deepStrictEqual(await read(live), to.contents.get(live))
    } else if (step.do === 'back up') {
      const { isWhole } = step
      const some = step.of.map(i => all[i])
      const dbs = some.map(({ db }) => db)
      const bases = [...new Set(step.bases.map(i => made[i]).filter(base => base != null))]
      // Where one has all of a base, or what is to be new since one that is not whole
      const given = isWhole ? closureOf(bases) : bases
      const sources = given.map(({ source }) => toSource(source, step.form))
      const base = sources.length === 0 ? undefined : sources.length === 1 ? sources[0] : { sources }
      const whole = String(await createBackup(dbs).root)
      const source = step.form === 'snapshot'
        ? await createSnapshot(dbs, { base }).catch(failIfWhole)
        : await archive(dbs, { base }).catch(failIfWhole)
      if (source == null) continue
      const root = source instanceof CID ? String(source) : (await inspectBackup({ sources: [source, ...sourcesOf(bases).sources] }, { ipfs: orbitdb.ipfs, root: whole })).root
      strictEqual(root, whole)
      const contents = new Map<Live, Contents>()
      for (const live of some) contents.set(live, await read(live))
      const denied = new Set<Live>()
      for (const live of some) if (await isDenied(live)) denied.add(live)
      const one: Made = { source, root, bases: source instanceof CID ? [] : bases, contents, denied }
      await check(one, step.isRestored)
      made.push(one)
      increments += Number(bases.length > 0)
      function failIfWhole (error: Error & { code?: string }): undefined {
        if (isWhole || error.code !== 'archive-incomplete') throw error
      }
    }
  }
  // One archive of all is of what any of them has
  const archives = made.filter(({ source, contents }) => !(source instanceof CID) && ![...contents.keys()].some(({ isForeign }) => isForeign))
  if (archives.length > 0) {
    const merged = await archiveOf(mergeBackups(sourcesOf(archives).sources, { ipfs: orbitdb.ipfs }))
    const summary = await inspectBackup(merged)
    for (const live of all) {
      if (live.isForeign) continue
      const sizeOf = (indexOf: (contents?: Contents) => string[] | undefined): number => new Set(closureOf(archives).flatMap(({ contents }) => indexOf(contents.get(live)) ?? [])).size
      const { entries = 0, accessController } = summary.databases.find(({ address }) => address === live.address) ?? {}
      deepStrictEqual([entries, accessController?.entries ?? 0], [sizeOf(contents => contents?.index), sizeOf(contents => contents?.access?.index)], 'merged')
    }
  }
  return increments
}

const archiveOf = async (backup: ReturnType<typeof mergeBackups>): Promise<Uint8Array> => new Uint8Array(await new Response(backup.stream()).arrayBuffer())
