// Backups of orbitdb-storacha-bridge 0.4: a CAR file whose root is the manifest, with the blocks of one database and no
// lists, under their own CIDs; or each of these blocks as a file. fixtures/storacha-bridge-0.4.2.json has what it wrote
// itself; others are made in its form.
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { collect, read } from '../helpers/backups.ts'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { createCipher } from '../helpers/encryption.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { runCLI } from '../cli/helpers.ts'
import { diffBackups, inspectBackup, IPFSAccessController, KeyValueIndexed, mergeBackups, openBackup, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { CarBlock } from '../helpers/archives.ts'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { Salvaged } from '../../src/index.ts'

/** The blocks that such a backup has, and its root. */
async function blocksOf (db: IterableDatabase): Promise<{ root: CID, blocks: CarBlock[] }> {
  const state = await collect(await db.export())
  const access = (state.accessController as { blocks?: Array<[string, Uint8Array]> } | undefined)?.blocks ?? []
  const blocks = new Map([...access, ...state.blocks].map(([hash, bytes]) => [hash, { cid: CID.parse(hash, base58btc), bytes }]))
  return { root: CID.parse(db.address.slice('/orbitdb/'.length), base58btc), blocks: [...blocks.values()].reverse() }
}

describe('What other tools wrote', () => {
  const { createDirectory, createReplica } = useReplicas()

  const write = async (options: object = {}) => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open('theirs', { type: 'keyvalue', ...options }) as unknown as IterableDatabase & { put: (key: string, value: unknown) => Promise<string> }
    for (let i = 0; i < 30; i++) await db.put(String(i), { i })
    return { replica, db, contents: await read(db), ...await blocksOf(db) }
  }
  const restore = async (source: any, options: object = {}) => {
    const { orbitdb } = await createReplica()
    const found: Salvaged[] = []
    const db = await restoreBackup<IterableDatabase>(orbitdb, source, { salvage: true, onSalvage: salvaged => { found.push(salvaged) }, ...options })
    return { db, found }
  }

  it('is restored as orbitdb-storacha-bridge 0.4.2 wrote it, with the description that it adds', async () => {
    const { address, entries, records, car, blocks } = JSON.parse(await readFile(join(import.meta.dirname, '../fixtures/storacha-bridge-0.4.2.json'), 'utf8'))
    const toFiles = (files: Array<[name: string, base64: string]>): Uint8Array[] => files.map(([, base64]) => new Uint8Array(Buffer.from(base64, 'base64')))
    for (const sources of [toFiles(car).slice(0, 1), toFiles(car), toFiles(blocks), toFiles([...blocks, ...car])]) {
      const { db, found } = await restore({ sources })
      strictEqual(db.address, address)
      deepStrictEqual((await all(db.iterator())).reverse(), records)
      strictEqual((await db.log.values()).length, entries)
      deepStrictEqual(found.map(({ databases }) => databases), [[address]])
      strictEqual((await verifyBackup({ sources }, { salvage: true })).ok, true)
    }
  })

  it('is read where it is, and merged to an archive with lists: that of a backup', async () => {
    const { db, contents, root, blocks } = await write()
    const car = await writeCar([root], blocks)
    const salvaged: Salvaged[] = []
    const onSalvage = (found: Salvaged): void => { salvaged.push(found) }

    const backup = await openBackup(car, { salvage: true, root, onSalvage })
    deepStrictEqual(await read(await backup.open(db.address)), contents)
    await backup.close()

    const bytes = await archive(db)
    const merged = await all(mergeBackups([car, ...blocks.slice(0, 3).map(({ bytes }) => bytes)], { salvage: true, onSalvage }))
    deepStrictEqual(concat(merged), bytes)
    deepStrictEqual(salvaged.map(({ databases }) => databases), [[db.address], [db.address]])
    await rejects(all(mergeBackups([root as any], { salvage: true })), TypeError)

    // An archive of ours whose lists are damaged is mended so, as its entries say what was in them
    const { roots, blocks: own } = await readCar(bytes)
    const damaged = await writeCar(roots, own.map(({ cid, bytes }) => ({ cid, bytes: bytes[0] === 0x86 ? bytes.with(-1, bytes.at(-1)! ^ 1) : bytes })))
    await rejects(restore(damaged, { salvage: false }), { code: 'block-damaged' })
    deepStrictEqual(concat(await all(mergeBackups([damaged], { salvage: true }))), bytes)
  })

  it('lacks the database of an access controller, as that tool leaves it out, which is said', async () => {
    const { root, blocks, contents, replica, db } = await write({ AccessController: OrbitDBAccessController() })
    const { address } = db.access as { address: string }
    const access = await blocksOf(await replica.orbitdb.open(address) as unknown as IterableDatabase)
    const own = new Set(access.blocks.map(({ cid }) => String(cid)))
    const car = await writeCar([root], blocks.filter(({ cid }) => !own.has(String(cid)) || cid.toString(base58btc) === db.identity.hash))
    await rejects(restore(car), { code: 'block-missing', hash: address.slice('/orbitdb/'.length) })
    const report = await verifyBackup(car, { salvage: true })
    deepStrictEqual(report.problems.map(({ code }) => code), ['block-missing'])
    ok(report.unchecked.find(({ code }) => code === 'newer-entries')!.message.endsWith(`have to be on the node: ${address}`))
    // It can be kept by that tool as well
    const { db: restored } = await restore({ sources: [car, await writeCar([access.root], access.blocks)] }, { databases: ['theirs'] })
    deepStrictEqual(await read(restored), contents)
  })

  it('is restored from a CAR file whose root is the manifest, and nobody is told that it is all', async () => {
    const { root, blocks, contents, db } = await write({ AccessController: IPFSAccessController({ write: ['*'] }) })
    const car = await writeCar([root], blocks)
    const { db: restored, found } = await restore(car)
    deepStrictEqual(await read(restored), contents)
    deepStrictEqual(found.map(({ databases, unused }) => [databases, unused]), [[[db.address], 0]])
    match(found[0].message, /whether anything newer is missing/)
    const report = await verifyBackup(car, { salvage: true })
    deepStrictEqual([report.ok, report.problems, report.unchecked.map(({ code }) => code)], [true, [], ['newer-entries']])
    await rejects(restoreBackup((await createReplica()).orbitdb, car), { code: 'archive-foreign' })
  })

  it('is restored from files that are a block each, in any order, doubled, beside others', async () => {
    const { blocks, contents } = await write()
    const files = [new TextEncoder().encode('{"backup":"metadata"}'), ...blocks.map(({ bytes }) => bytes), blocks[0].bytes]
    const { db, found } = await restore({ sources: files })
    deepStrictEqual(await read(db), contents)
    strictEqual(found[0].unused, 1)
    deepStrictEqual(await read((await restore({ sources: files.reverse().map(bytes => new Blob([bytes as Uint8Array<ArrayBuffer>])) })).db), contents)
  })

  it('is restored with an access controller that is a database, as KeyValueIndexed, and encrypted where the key is given', async () => {
    const encryption = { replication: await createCipher(), data: await createCipher() }
    const options = { Database: KeyValueIndexed(), AccessController: OrbitDBAccessController(), encryption }
    const { root, blocks, contents } = await write(options)
    const car = await writeCar([root], blocks)
    deepStrictEqual(await read((await restore(car, { Database: KeyValueIndexed(), encryption })).db), contents)
    await rejects(restore(car), { code: 'entry-encrypted' })
    await rejects(inspectBackup(car, { salvage: true }), { code: 'entry-encrypted' })
    const { code, stderr } = await runCLI(['inspect', '--salvage'], { input: car })
    strictEqual(code, 5)
    match(stderr, /^error: Entry "zdpu\w+" is encrypted, so that without its key nobody knows of what database it is: use the library, with its option encryption\n$/)
    strictEqual((await inspectBackup(car, { salvage: true, encryption })).databases[0].entries, 30)
  })

  it('is inspected, and compared with what there is now', async () => {
    const { root, blocks, db } = await write({ AccessController: OrbitDBAccessController() })
    const car = await writeCar([root], blocks)
    const found: Salvaged[] = []
    const { databases: [{ address, name, type, entries, heads, writers, accessController }] } = await inspectBackup(car, { salvage: true, onSalvage: salvaged => { found.push(salvaged) } })
    deepStrictEqual([address, name, type, entries, heads, writers, accessController?.entries], [db.address, 'theirs', 'keyvalue', 30, 1, [db.identity.id], 0])
    match(found[0].message, /whether anything newer is missing/)
    strictEqual((await diffBackups(car, db, { salvage: true })).isSame, true)
    await db.put('new', 1)
    const { isSame, databases } = await diffBackups(car, db, { salvage: true, roots: { a: root } })
    deepStrictEqual([isSame, databases.find(({ isAccess }) => !isAccess)!.entries], [false, { new: 1, gone: 0, same: 30 }])
    // An archive has the blocks as well
    strictEqual((await diffBackups(car, await archive(db), { salvage: true })).databases.find(({ isAccess }) => !isAccess)!.entries.new, 1)
    await rejects(diffBackups(car, db), { code: 'archive-foreign' })
  })

  it('is what the manifest says, of several the one that is asked for', async () => {
    const [one, other] = [await write(), await write({ AccessController: IPFSAccessController({ write: ['*'] }) })]
    const both = { sources: [...one.blocks, ...other.blocks].map(({ bytes }) => bytes) }
    const { db } = await restore(both, { root: other.root })
    strictEqual(db.address, other.db.address)
    await rejects(restore(both, { root: one.blocks.find(({ cid }) => !cid.equals(one.root))!.cid }), { code: 'archive-foreign' })
    await rejects(restore({ sources: [new Uint8Array([1, 2, 3])] }), { code: 'archive-foreign' })
    await rejects(restore(one.root), TypeError)
  })

  it('is refused where older entries are missing or something was changed, and what newer ones are missing nobody can tell', async () => {
    const { root, blocks, contents, db } = await write()
    const hashes = contents.entries.map(({ hash }) => hash)
    const without = (hash: string) => writeCar([root], blocks.filter(({ cid }) => cid.toString(base58btc) !== hash))
    await rejects(restore(await without(hashes[10])), { code: 'block-missing' })
    const { db: restored } = await restore(await without(hashes.at(-1)!))
    strictEqual((await restored.log.values()).length, 29)
    await rejects(restore(await without(db.identity.hash)), { code: 'identity-missing' })
    const changed = blocks.map(({ cid, bytes }) => cid.toString(base58btc) === hashes[10] ? { cid, bytes: bytes.map((byte, i) => i === 50 ? byte ^ 1 : byte) } : { cid, bytes })
    await rejects(restore(await writeCar([root], changed)), { code: 'block-missing' })
  })

  it('may be a thin archive, of which everything older is needed', async () => {
    const { db, root, blocks } = await write()
    const base = await archive(db)
    await db.put('new', 1)
    const [thin, contents] = [await archive(db, { base }), await read(db)]
    await rejects(restore(thin), { code: 'archive-foreign', message: /no block is the manifest/ })
    deepStrictEqual(await read((await restore({ sources: [thin, base] })).db), contents)
    const manifest = blocks.filter(({ cid }) => cid.equals(root)).map(({ bytes }) => bytes)
    await rejects(restore({ sources: [thin, ...manifest] }), { code: 'block-missing' })
  })

  it('is restored by the command line, from a file or a folder', async () => {
    const { root, blocks, contents } = await write()
    const directory = await createDirectory()
    const [car, folder] = [join(directory, 'theirs.car'), join(directory, 'blocks')]
    await writeFile(car, await writeCar([root], blocks))
    await mkdir(folder)
    for (const { cid, bytes } of blocks) await writeFile(join(folder, cid.toString(base58btc)), bytes)
    for (const [i, path] of [car, folder].entries()) {
      const { code, stdout, stderr } = await runCLI(['restore', '--salvage', path, '-d', join(directory, String(i)), '--json'])
      strictEqual(code, 0, stderr)
      match(stderr, /note: .*newer is missing/)
      deepStrictEqual(JSON.parse(stdout).databases.map(({ name, entries }: any) => [name, entries]), [['theirs', 30]])
      match((await runCLI(['verify', '--salvage', path])).stdout, /not checked: .*newer is missing[\s\S]*valid/)
    }
    // With what the tool and others write beside them
    await writeFile(join(folder, 'backup-metadata.json'), JSON.stringify({ version: '1.0', databases: [] }))
    // A text that starts like bytes in CBOR, as what is encrypted does
    await writeFile(join(folder, 'README'), 'MANY BLOCKS')
    const inspected = await runCLI(['inspect', '--salvage', folder])
    deepStrictEqual([inspected.code, /newer is missing/.test(inspected.stderr)], [0, true])
    match(inspected.stdout, /theirs\n {2}address .*\n {2}type {6}keyvalue\n {2}entries {3}30 entries, 1 head/)
    const [node, empty] = [join(directory, '0'), await createDirectory()]
    match((await runCLI(['restore', '--salvage', car, '--dry-run', '-d', empty])).stdout, /theirs: keyvalue, 30 entries, 30 new/)
    deepStrictEqual(await readdir(empty), [])
    match((await runCLI(['restore', '--salvage', car, '--dry-run', '-d', node])).stdout, /theirs: keyvalue, 30 entries, 0 new/)
    const compared = await runCLI(['diff', '--salvage', folder, '-d', node])
    deepStrictEqual([compared.code, compared.stdout.split('\n').at(-2)], [0, 'no difference'])
    const dumped = await runCLI(['dump', '--salvage', folder])
    deepStrictEqual([dumped.code, dumped.stdout.trim().split('\n').length, /newer is missing/.test(dumped.stderr)], [0, 30, true])
    const merged = join(directory, 'merged.car')
    deepStrictEqual((await runCLI(['merge', '--salvage', folder, car, '-o', merged])).code, 0)
    match((await runCLI(['verify', merged])).stdout, /valid/)
    const foreign = await runCLI(['diff', car, '-d', node])
    deepStrictEqual([foreign.code, /inspect --salvage\n$/.test(foreign.stderr)], [5, true])
    await unlink(join(folder, contents.entries[10].hash))
    const broken = await runCLI(['restore', '--salvage', folder, '-d', empty])
    deepStrictEqual([broken.code, broken.stderr.split('\n').at(-2)], [5, `error: Block "${contents.entries[10].hash}" is missing: neither the archive nor the node has it`])
    deepStrictEqual(await readdir(empty), [])
  })
})
