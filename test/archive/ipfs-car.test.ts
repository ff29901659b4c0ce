import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { archive, hashesOf, readCar, writeCar } from '../helpers/archives.ts'
import { hashOf } from '../helpers/blocks.ts'
import { toCID } from '../helpers/forgery.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { inspectBackup, IPFSAccessController, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Database } from '../../src/index.ts'

const bin = join(import.meta.dirname, '../../node_modules/ipfs-car/bin.js')

/** The codec of CIDs of CAR files. */
const carCode = 0x0202

describe('ipfs-car', () => {
  const { createDirectory, createReplica } = useReplicas()

  let path: string
  let bytes: Uint8Array
  /** The hashes of the blocks that the databases are made of */
  let hashes: string[]

  /** Runs it, and returns the lines that it prints. */
  const run = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args])
    return stdout.split('\n').filter(line => line.length > 0)
  }

  /** The hashes of the entries, identities, manifest and access controller of a database. */
  const blocksOf = async (db: Database<any>): Promise<string[]> => {
    const access = (db.access as OrbitDBAccessController).address
    const identities = (await db.log.values()).map(({ identity }) => identity)
    return [...await hashesOf(db), ...new Set(identities), hashOf(db.address), hashOf(access)]
  }

  beforeEach(async () => {
    const replica = await createReplica()
    const events = await replica.orbitdb.open('events', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) })
    await writeAsAnother(replica, events, async copy => {
      for (const value of ['one', 'two', 'three']) await events.add(value)
      await copy.add('by another')
    })
    const keyvalue = await replica.orbitdb.open('keyvalue', { type: 'keyvalue', AccessController: OrbitDBAccessController() })
    await (keyvalue.access as OrbitDBAccessController).grant('write', '*')
    await keyvalue.put('key', 'value')

    bytes = await archive([events, keyvalue])
    hashes = [...await blocksOf(events), ...await blocksOf(keyvalue)]
    strictEqual((await events.log.heads()).length, 2)
    path = join(await createDirectory(), 'archive.car')
    await writeFile(path, bytes)
  })

  it('reads the root', async () => {
    deepStrictEqual(await run('roots', path), [(await inspectBackup(bytes)).root])
  })

  it('reads all blocks, and verifies their hashes', async () => {
    const listed = await run('blocks', path)
    deepStrictEqual(listed, (await readCar(bytes)).blocks.map(({ cid }) => cid.toString()))
    for (const hash of hashes) ok(listed.includes(CID.createV1(0x55, toCID(hash).multihash).toString()), hash)
    await writeFile(path, bytes.with(-1, bytes.at(-1)! ^ 1))
    await rejects(run('blocks', path), /CID hash does not match bytes/)
  })

  it('finds by the links between the blocks that they all belong to the root', async () => {
    // It finds out about roots only when they come after what they link to
    const { roots, blocks } = await readCar(bytes)
    await writeFile(path, await writeCar(roots, blocks.toReversed()))
    deepStrictEqual(await run('roots', '--implicit', path), [(await inspectBackup(bytes)).root])
  })

  it('hashes the file', async () => {
    deepStrictEqual(await run('hash', path), [CID.createV1(carCode, await sha256.digest(bytes)).toString()])
  })

  it('packs files into a CAR file that is no archive', async () => {
    const packed = join(await createDirectory(), 'packed.car')
    await run('pack', path, '--output', packed)
    const { orbitdb } = await createReplica()
    await rejects(verifyBackup(await readFile(packed)), { name: 'ForeignArchiveError' })
    await rejects(restoreBackup(orbitdb, await readFile(packed)), { name: 'ForeignArchiveError' })
  })

  it('packs an archive, and unpacks it as it was', async () => {
    const directory = await createDirectory()
    const packed = join(directory, 'packed.car')
    await run('pack', path, '--no-wrap', '--output', packed)
    await run('unpack', packed, '--output', join(directory, 'unpacked.car'))
    deepStrictEqual(await readFile(join(directory, 'unpacked.car')), Buffer.from(bytes))
    const { orbitdb } = await createReplica()
    deepStrictEqual(await archive(await restoreBackup<Array<Database<any>>>(orbitdb, await readFile(join(directory, 'unpacked.car')))), bytes)
  })
})
