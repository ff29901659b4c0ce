import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { createCipher } from '../helpers/encryption.ts'
import { createBlock, forge, toCID, toHash } from '../helpers/forgery.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { Entry, IPFSAccessController, OrbitDBAccessController, restoreBackup, useAccessController, useIdentityProvider, verifyBackup } from '../../src/index.ts'
import type { Parts } from '../helpers/forgery.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Database, Events, ProblemCode, SigningIdentity, VerifyReport } from '../../src/index.ts'

const codesOf = (findings: Array<{ code: string }>): string[] => [...new Set(findings.map(({ code }) => code))].sort()

describe('verifyBackup', () => {
  const { createReplica } = useReplicas()

  let bytes: Uint8Array
  let writer: SigningIdentity
  /** Has not written, and may not */
  let stranger: SigningIdentity
  let replica: Replica

  before(async () => {
    replica = await createReplica()
    const { orbitdb } = replica
    writer = orbitdb.identity
    stranger = await orbitdb.identities.createIdentity({ id: 'stranger' })
    const db = await orbitdb.open('database', { type: 'events' })
    for (const value of ['one', 'two', 'three']) await db.add(value)
    bytes = await archive(db)
  })

  const assertFinds = async (archive: Uint8Array, codes: ProblemCode[], check: (report: VerifyReport) => void = () => {}): Promise<void> => {
    const report = await verifyBackup(archive)
    deepStrictEqual(codesOf(report.problems), codes.toSorted())
    strictEqual(report.ok, codes.length === 0)
    for (const { message } of report.problems) ok(message.length > 0)
    check(report)
    if (report.unchecked.length === 0) {
      const { orbitdb } = await createReplica()
      const isRestored = await restoreBackup(orbitdb, archive, { sync: false }).then(() => true, () => false)
      strictEqual(isRestored, report.ok, 'a restore into an empty node says the same')
    }
  }

  describe('finds nothing wrong in an archive', () => {
    it('of one database', async () => {
      await assertFinds(bytes, [], ({ root, databases, unchecked }) => {
        deepStrictEqual(databases.map(({ name, type, entries, heads }) => ({ name, type, entries, heads })), [{ name: 'database', type: 'events', entries: 3, heads: 1 }])
        deepStrictEqual(unchecked, [])
        ok(root.startsWith('bafyrei'))
      })
    })

    it('that was put together by another writer', async () => {
      const forged = await forge(bytes, () => {})
      strictEqual((await verifyBackup(forged)).root, (await verifyBackup(bytes)).root)
      await assertFinds(forged, [])
    })

    it('in reverse order, with blocks that are there twice', async () => {
      const { roots, blocks } = await readCar(bytes)
      await assertFinds(await writeCar(roots, [...blocks.toReversed(), ...blocks]), [])
    })

    it('of several databases, of several writers and heads', async () => {
      const replica = await createReplica()
      const databases: Database<any>[] = []
      for (const name of ['a', 'b']) {
        const db = await replica.orbitdb.open(name, { type: 'keyvalue', AccessController: IPFSAccessController({ write: ['*'] }) })
        await db.put('key', 'first')
        await writeAsAnother(replica, db, async copy => {
          await db.put('key', 'one')
          await copy.put('key', 'two')
        })
        databases.push(db)
      }
      await assertFinds(await archive(databases), [], ({ databases }) => deepStrictEqual(databases.map(({ entries, heads }) => [entries, heads]), [[3, 2], [3, 2]]))
    })

    it('without entries', async () => {
      const { orbitdb } = await createReplica()
      await assertFinds(await archive(await orbitdb.open('database')), [])
    })

    it('whose data is encrypted, without the key', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open('database', { type: 'events', encryption: { data: await createCipher() } })
      await db.add('secret')
      await assertFinds(await archive(db), [])
    })
  })

  it('says that entries can not be checked which are encrypted', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events', encryption: { replication: await createCipher() } })
    for (const value of ['one', 'two']) await db.add(value)
    await assertFinds(await archive(db), [], ({ unchecked }) => deepStrictEqual(codesOf(unchecked), ['entries-encrypted']))
  })

  describe('finds', () => {
    /** Changes a byte in the middle of a block. */
    const damage = async (pick: (parts: Array<{ bytes: Uint8Array }>) => { bytes: Uint8Array }): Promise<Uint8Array> => {
      const { roots, blocks } = await readCar(bytes)
      const block = pick(blocks)
      block.bytes = Uint8Array.from(block.bytes, (byte, i) => i === block.bytes.length >> 1 ? byte ^ 1 : byte)
      return writeCar(roots, blocks)
    }

    /** Replaces the head by another entry. */
    const replaceHead = async (parts: Parts, change: (entry: any) => unknown): Promise<void> => {
      const [head] = parts.heads
      const entry = dagCbor.decode(parts.blocks.get(toHash(head))!.bytes)
      const block = await createBlock(await change(entry) ?? entry)
      parts.blocks.delete(toHash(head))
      parts.blocks.set(toHash(block.cid), block)
      parts.heads = [block.cid]
      parts.entries = [...parts.entries.filter(cid => !cid.equals(head)), block.cid]
    }

    const addIdentity = async (parts: Parts, { id, publicKey, signatures, type }: Omit<SigningIdentity, 'hash' | 'bytes' | 'sign' | 'verify'>): Promise<string> => {
      const block = await createBlock({ id, publicKey, signatures, type })
      parts.identities.push(block.cid)
      parts.blocks.set(toHash(block.cid), block)
      return toHash(block.cid)
    }

    const sign = async (identity: SigningIdentity, { id, payload, next, refs, clock }: any) => Entry.create(identity, id, payload, null, clock, next, refs)

    /** Signs the head again, as another writer. */
    const rewriteHead = (parts: Parts, identity: SigningIdentity, change: object = {}) => replaceHead(parts, async entry => ({ ...await sign(identity, { ...entry, ...change }), ...change }))

    it('a block that does not match its hash', async () => {
      const forged = await damage(blocks => blocks.at(-1)!)
      await assertFinds(forged, ['block-damaged'], async ({ problems }) => {
        const { blocks } = await readCar(forged)
        strictEqual(problems[0].hash, toHash(blocks.at(-1)!.cid))
      })
    })

    it('every block that does not match its hash', async () => {
      const { roots, blocks } = await readCar(bytes)
      for (const block of blocks.slice(-3)) block.bytes = new Uint8Array(1)
      const { problems } = await verifyBackup(await writeCar(roots, blocks))
      deepStrictEqual(problems.map(({ hash }) => hash).sort(), blocks.slice(-3).map(({ cid }) => toHash(cid)).sort())
    })

    it('a snapshot that does not match its hash', async () => assertFinds(await damage(([, snapshot]) => snapshot), ['block-damaged']))

    it('a node of a list that does not match its hash', async () => assertFinds(await damage(blocks => blocks[4]), ['block-damaged']))

    it('the end in the middle of a block', () => assertFinds(bytes.subarray(0, -1), ['archive-truncated', 'block-missing']))

    it('every block that is missing', async () => {
      const { roots, blocks } = await readCar(bytes)
      const { problems } = await verifyBackup(await writeCar(roots, blocks.slice(0, -3)))
      deepStrictEqual(problems.map(({ code, hash }) => [code, hash]).sort(), blocks.slice(-3).map(({ cid }) => ['block-missing', toHash(cid)]).sort())
    })

    it('bytes between the blocks', async () => {
      const garbled = Uint8Array.from([...bytes, 0, 0])
      await assertFinds(garbled, ['archive-damaged'])
    })

    it('no fault with a block that is no part of the database, which a restore leaves out', async () => {
      const forged = await forge(bytes, async ({ blocks }) => {
        const block = await createBlock('extra')
        blocks.set(toHash(block.cid), block)
      })
      await assertFinds(forged, [], ({ extra }) => strictEqual(extra, 1))
    })

    it('a snapshot that is none', async () => {
      await assertFinds(await forge(bytes, parts => { parts.snapshot.address = '/orbitdb/of-another' }), ['dag-invalid'])
      await assertFinds(await forge(bytes, parts => { parts.snapshot.name = 'another' }), ['dag-invalid'])
    })

    it('an access controller that is not that of the manifest', async () => {
      await assertFinds(await forge(bytes, async parts => {
        parts.blocks.delete(toHash(parts.access!))
        const block = await createBlock({ type: 'ipfs', write: ['*'] })
        parts.blocks.set(toHash(block.cid), block)
        parts.access = block.cid
        parts.snapshot.accessController = { block: block.cid.multihash.digest }
      }), ['block-missing'])
      await assertFinds(await forge(bytes, async parts => {
        parts.blocks.delete(toHash(parts.access!))
        delete parts.access
        delete parts.snapshot.accessController
      }), ['block-missing'])
    })

    it('an entry that is none', async () => assertFinds(await forge(bytes, parts => replaceHead(parts, () => ({ not: 'an entry' }))), ['entry-invalid']))

    it('an entry of another log', async () => assertFinds(await forge(bytes, parts => rewriteHead(parts, writer, { id: '/orbitdb/another' })), ['entry-foreign']))

    it('an entry whose signature is not valid', async () => assertFinds(await forge(bytes, parts => replaceHead(parts, entry => { entry.payload.value = 'forged' })), ['signature-invalid']))

    it('an entry that was signed by another than the identity that it names', async () => {
      await assertFinds(await forge(bytes, parts => rewriteHead(parts, stranger, { identity: writer.hash })), ['key-wrong'])
    })

    it('an entry that names one that is not in the list', async () => {
      const forged = await forge(bytes, parts => rewriteHead(parts, writer, { refs: [stranger.hash] }))
      await assertFinds(forged, ['block-missing'], ({ problems }) => ok(problems[0].message.includes(stranger.hash)))
      const { roots, blocks } = await readCar(forged)
      await assertFinds(await writeCar(roots, blocks.toReversed()), ['block-missing'])
    })

    it('an entry that another names, and is not in the list', async () => {
      await assertFinds(await forge(bytes, parts => {
        const entry = dagCbor.decode<any>(parts.blocks.get(toHash(parts.heads[0]))!.bytes)
        parts.entries = parts.entries.filter(cid => !entry.next.includes(toHash(cid)))
        parts.blocks.delete(entry.next[0])
      }), ['block-missing'])
    })

    it('a head that another entry follows', async () => {
      const forged = await forge(bytes, parts => { parts.heads = parts.entries })
      await assertFinds(forged, ['head-wrong'], ({ problems }) => strictEqual(problems.length, 2))
    })

    it('a head that is not in the list', async () => assertFinds(await forge(bytes, parts => { parts.heads = [] }), ['head-missing']))

    it('a head that is no entry', async () => assertFinds(await forge(bytes, parts => { parts.heads.push(parts.identities[0]) }), ['entry-invalid']))

    it('a state of an access controller that is no DAG-CBOR, besides all else, and a restore refuses it', async () => {
      const text = { cid: toCID('zdpuApes1vP1fQJx62acM3rDoVuPksnLKzfwmcywqhmpPFwK7'), bytes: new TextEncoder().encode('hello \xff') }
      const addState = (parts: Parts): void => {
        parts.blocks.set(toHash(text.cid), text)
        parts.snapshot.accessController = { state: text.cid.multihash.digest }
        parts.shared = [parts.manifest, parts.access!, ...parts.identities, text.cid]
      }
      const { problems } = await verifyBackup(await forge(bytes, async parts => {
        addState(parts)
        await replaceHead(parts, entry => { entry.payload.value = 'forged' })
      }))
      deepStrictEqual(codesOf(problems), ['block-invalid', 'signature-invalid'])
      deepStrictEqual(problems.filter(({ code }) => code === 'block-invalid').map(({ hash }) => hash), [toHash(text.cid)])
      const { orbitdb } = await createReplica()
      await rejects(restoreBackup(orbitdb, await forge(bytes, addState)), { name: 'DamagedArchiveError', code: 'block-invalid', hash: toHash(text.cid) })
    })

    it('an identity that is not in the list', async () => {
      await assertFinds(await forge(bytes, parts => {
        parts.blocks.delete(toHash(parts.identities[0]))
        parts.identities = []
      }), ['identity-missing'])
    })

    it('no fault with an identity that wrote nothing', async () => assertFinds(await forge(bytes, parts => addIdentity(parts, stranger)), []))

    it('an identity whose signatures are not valid', async () => {
      for (const signatures of [{ ...writer.signatures, id: stranger.signatures.id }, { ...writer.signatures, publicKey: stranger.signatures.publicKey }]) {
        await assertFinds(await forge(bytes, async parts => {
          const identity = await addIdentity(parts, { ...writer, signatures })
          await rewriteHead(parts, writer, { identity })
        }), ['access-denied'])
      }
    })

    it('an identity that is none', async () => {
      await assertFinds(await forge(bytes, async parts => {
        const block = await createBlock({ not: 'an identity' })
        parts.identities.push(block.cid)
        parts.blocks.set(toHash(block.cid), block)
        await rewriteHead(parts, writer, { identity: toHash(block.cid) })
      }), ['identity-invalid'])
    })

    it('a writer that is not allowed to write', async () => {
      await assertFinds(await forge(bytes, async parts => {
        await addIdentity(parts, stranger)
        await rewriteHead(parts, stranger)
      }), ['access-denied'], ({ problems }) => ok(problems[0].message.includes(stranger.hash)))
    })

    it('all of it at once', async () => {
      await assertFinds(await forge(bytes, async parts => {
        await addIdentity(parts, stranger)
        await rewriteHead(parts, stranger, { refs: [stranger.hash], payload: 'forged' })
        await replaceHead(parts, entry => { entry.payload = 'forged again' })
        const block = await createBlock('extra')
        parts.blocks.set(toHash(block.cid), block)
        parts.heads.push(parts.identities[0])
      }), ['access-denied', 'entry-invalid', 'signature-invalid'])
    })
  })

  describe('with an OrbitDBAccessController', () => {
    const createArchives = async (): Promise<{ granted: Uint8Array, revoked: Uint8Array }> => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open('database', { type: 'events', AccessController: OrbitDBAccessController() })
      const { grant, revoke } = db.access as OrbitDBAccessController
      const { orbitdb: other } = await createReplica()
      await grant('write', other.identity.id)
      const copy = await other.import<Events>(await db.export())
      await copy.add('by another')
      await db.import(await copy.export())
      const granted = await archive(db)
      await revoke('write', other.identity.id)
      return { granted, revoked: await archive(db) }
    }

    it('finds nothing wrong when the writers were granted access', async () => {
      const { granted } = await createArchives()
      await assertFinds(granted, [], ({ databases, unchecked }) => {
        deepStrictEqual(databases.map(({ type, entries }) => [type, entries]), [['keyvalue', 1], ['events', 1]])
        deepStrictEqual(unchecked, [])
      })
      const { roots, blocks } = await readCar(granted)
      await assertFinds(await writeCar(roots, blocks.toReversed()), [])
    })

    it('finds a writer whose access was revoked', async () => {
      const { revoked } = await createArchives()
      await assertFinds(revoked, ['access-denied'])
    })
  })

  it('says what is of types that it does not know', async () => {
    const provider = async () => ({ type: 'unknown', getId: async () => 'someone', signIdentity: async () => 'signature' })
    useIdentityProvider(Object.assign(() => provider, { type: 'unknown', verifyIdentity: async () => true }))
    const access = async () => ({ type: 'unknown', address: '/unknown/access', canAppend: async () => true })
    useAccessController(Object.assign(() => access, { type: 'unknown' }))
    const { orbitdb } = await createReplica({ identity: { provider } })
    const db = await orbitdb.open('database', { type: 'events', AccessController: access })
    await db.add('by someone')
    const bytes = await archive(db)
    await assertFinds(bytes, [], ({ unchecked }) => deepStrictEqual(codesOf(unchecked), ['access-controller', 'identity']))

    const { problems, unchecked } = await verifyBackup(bytes, { orbitdb })
    deepStrictEqual([problems, unchecked], [[], []])
    const denying = async () => ({ ...await access(), canAppend: async (entry: any) => entry.payload.value !== 'by someone' })
    useAccessController(Object.assign(() => denying, { type: 'unknown' }))
    deepStrictEqual(codesOf((await verifyBackup(bytes, { orbitdb })).problems), ['access-denied'])
  })

  it('finds a block that is listed and nowhere, whether a database asks for it or not', async () => {
    const nowhere = 'zdpuAm6bsvLVHSTnN9vv5KDRMYtdcNPzHbfvfmXzQh2XDMKtk'
    const forged = await forge(bytes, parts => { parts.shared = [parts.manifest, parts.access!, ...parts.identities, toCID(nowhere)] })
    await assertFinds(forged, ['block-missing'], ({ problems }) => deepStrictEqual(problems.map(({ hash }) => hash), [nowhere]))
  })

  it('refuses what is no archive', async () => {
    await rejects(verifyBackup(new Uint8Array()), { name: 'EmptyArchiveError' })
    await rejects(verifyBackup(new TextEncoder().encode('not an archive')), { name: 'NotAnArchiveError' })
    await rejects(verifyBackup(await writeCar([toCID(writer.hash)], [{ cid: toCID(writer.hash), bytes: writer.bytes }])), { name: 'ForeignArchiveError' })
    await rejects(verifyBackup(await forge(bytes, parts => { parts.root.version = 2 })), { name: 'UnsupportedVersionError', version: 2 })
  })
})
