// Rule: after an import the log is local ∪ imported, and its heads are the maximal entries of that union.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAddress } from '../../src/index.ts'
import { collect, putBlocks } from '../helpers/backups.ts'
import { assertIsWhole, contentsOf, copyBlocks, createIdentities, createLogs, hashesOf, headForms, indexForms, keysOf, openToAll, unionOf } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { AddressedState, Block, Events, Log, LogState, RestoreState, SigningIdentity } from '../../src/index.ts'

describe('Union', () => {
  let writers: SigningIdentity[]

  before(async () => {
    writers = await createIdentities(['a', 'b', 'c'])
  })

  /** Imports a log into another, and checks that it is the union of both then. */
  const importAndCheck = async (into: Log<any>, from: Log<any>, state?: Pick<RestoreState, 'heads' | 'index'>) => {
    const expected = await unionOf(into, from)
    await copyBlocks(from, into)
    const { heads: newHeads } = await into.import(state ?? await from.export())
    deepStrictEqual(await contentsOf(into), expected)
    await assertIsWhole(into)
    return hashesOf(newHeads)
  }

  describe('of logs', () => {
    let a: Log<any>
    let b: Log<any>
    let c: Log<any>

    beforeEach(async () => {
      [a, b, c] = await createLogs(writers)
    })

    it('has all of a log in an empty one', async () => {
      await a.append('1')
      const last = await a.append('2')
      deepStrictEqual(await importAndCheck(b, a), [last.hash])
    })

    it('is the log itself with an empty one', async () => {
      await a.append('1')
      deepStrictEqual(await importAndCheck(a, b), [])
      deepStrictEqual(await importAndCheck(b, c), [])
    })

    it('has the heads of both where they have nothing in common', async () => {
      await a.append('a1')
      const ofA = await a.append('a2')
      const ofB = await b.append('b1')
      deepStrictEqual(await importAndCheck(b, a), [ofA.hash])
      deepStrictEqual(hashesOf(await b.heads()), hashesOf([ofA, ofB]))
    })

    it('has the heads of both where they went apart', async () => {
      await a.append('common')
      await b.join(a)
      const ofA = await a.append('a')
      const ofB = await b.append('b')
      deepStrictEqual(await importAndCheck(b, a), [ofA.hash])
      deepStrictEqual(hashesOf(await b.heads()), hashesOf([ofA, ofB]))
    })

    it('has the heads of the newer one where one continues the other', async () => {
      await a.append('common')
      await b.join(a)
      await a.append('a1')
      const newest = await a.append('a2')
      deepStrictEqual(await importAndCheck(b, a), [newest.hash])
      deepStrictEqual(hashesOf(await b.heads()), [newest.hash])
    })

    it('is the same after the same state again, or an older one', async () => {
      await a.append('old')
      const older = await a.export()
      await a.append('new')
      await b.append('b')
      await importAndCheck(b, a)
      deepStrictEqual(await importAndCheck(b, a), [])
      deepStrictEqual(await importAndCheck(b, a, older), [])
    })

    it('has both branches of a writer that wrote in two places', async () => {
      const [copy] = await createLogs([writers[0]])
      await a.append('common')
      await copy.join(a)
      await a.append('here')
      const last = await a.append('here')
      const fork = await copy.append('there')
      deepStrictEqual(await importAndCheck(a, copy), [fork.hash])
      deepStrictEqual(hashesOf(await a.heads()), hashesOf([last, fork]))
    })

    it('keeps of several heads on either side those that nothing follows', async () => {
      await a.append('a')
      await b.append('b')
      const stale = await c.append('c')
      await a.join(b)
      const ofA = await a.append('a and b')
      await b.join(c)
      strictEqual((await b.heads()).length, 2)
      deepStrictEqual(await importAndCheck(b, a), [ofA.hash])
      deepStrictEqual(hashesOf(await b.heads()), hashesOf([ofA, stale]))

      const ofC = await c.append('c')
      await a.join(c)
      strictEqual((await a.heads()).length, 2)
      deepStrictEqual(await importAndCheck(b, a), [ofC.hash])
      deepStrictEqual(hashesOf(await b.heads()), hashesOf([ofA, ofC]))
    })

    it('has one head where the imported one follows all others', async () => {
      await a.append('a')
      await b.append('b')
      await c.join(a)
      await c.join(b)
      await a.join(b)
      const merge = await c.append('a and b')
      strictEqual((await a.heads()).length, 2)
      deepStrictEqual(await importAndCheck(a, c), [merge.hash])
      deepStrictEqual(hashesOf(await a.heads()), [merge.hash])
    })
  })

  describe('with a state', () => {
    let local: Log<any>
    let other: Log<any>
    let old: LogState

    beforeEach(async () => {
      let third: Log<any>
      [local, other, third] = await createLogs(writers)
      await other.append('1')
      await local.join(other)
      await local.append('local')
      old = await other.export()
      await other.append('2')
      await third.append('3')
      await third.append('4')
      await other.join(third)
      strictEqual((await other.heads()).length, 2)
    })

    const stateOf = async (log: Log<any>) => ({ heads: await log.heads(), index: await keysOf(log.indexStorage) })

    for (const [name, toForm] of Object.entries(headForms)) {
      it(`takes heads as ${name}`, async () => {
        const { heads, index } = await stateOf(other)
        deepStrictEqual(await importAndCheck(local, other, { heads: toForm(heads), index }), hashesOf(heads))
      })
    }

    for (const [name, toForm] of Object.entries(indexForms)) {
      it(`takes ${name} as the index`, async () => {
        const { heads, index } = await stateOf(other)
        deepStrictEqual(await importAndCheck(local, other, { heads, index: toForm(index) }), hashesOf(heads))
      })
    }

    it('needs no more in the index than what is new', async () => {
      const { heads, index } = await stateOf(other)
      const added = index.filter(hash => !old.index.has(hash))
      strictEqual(added.length, index.length - 1)
      deepStrictEqual(await importAndCheck(local, other, { heads, index: added }), hashesOf(heads))
    })

    it('finds entries that the index lacks', async () => {
      const { heads, index } = await stateOf(other)
      deepStrictEqual(await importAndCheck(local, other, { heads, index: index.slice(2) }), hashesOf(heads))
    })

    it('finds heads that are not named as such', async () => {
      const { heads, index } = await stateOf(other)
      deepStrictEqual(await importAndCheck(local, other, { heads: [], index }), hashesOf(heads))
    })

    it('takes no entry for a head that another one follows', async () => {
      const { heads, index } = await stateOf(other)
      deepStrictEqual(await importAndCheck(local, other, { heads: await other.values(), index }), hashesOf(heads))
    })
  })

  describe('of databases', () => {
    const { createReplica, createDirectory } = useReplicas()
    let here: Replica
    let there: Replica
    let state: CollectedState
    let values: unknown[]

    const openLocal = async () => {
      return here.orbitdb.open('log', { type: 'events', ...openToAll() })
    }

    const valuesOf = async (db: Events) => (await db.all()).map(({ value }) => value)

    beforeEach(async () => {
      [here, there] = [await createReplica(), await createReplica()]
      const db = await there.orbitdb.open('log', { type: 'events', ...openToAll() })
      await db.add('1')
      await db.add('2')
      state = await collect(await db.export())
      values = ['1', '2']
    })

    const blockForms: Record<string, (blocks: Block[]) => RestoreState['blocks']> = {
      'an array': blocks => blocks,
      'a Map': blocks => new Map(blocks),
      'a generator': function * (blocks) { yield * blocks },
      'an async iterable': async function * (blocks) { yield * blocks }
    }

    for (const [name, toForm] of Object.entries(blockForms)) {
      it(`takes blocks as ${name}`, async () => {
        const db = await here.orbitdb.import<Events>({ ...state, blocks: toForm(state.blocks) }, { sync: false })
        deepStrictEqual(await valuesOf(db), values)
        await assertIsWhole(db.log)
      })
    }

    it('finds the blocks in the blockstore where the state has none', async () => {
      await putBlocks(here.orbitdb, state)
      const { heads, index } = state
      const db = await here.orbitdb.open<Events>(state.address, { sync: false, restore: { heads, index } })
      deepStrictEqual(await valuesOf(db), values)
    })

    it('takes a state that was taken apart and stored in files', async () => {
      const directory = await createDirectory()
      await mkdir(join(directory, 'blocks'))
      for (const [hash, bytes] of state.blocks) {
        await writeFile(join(directory, 'blocks', hash), bytes)
      }
      await writeFile(join(directory, 'state.json'), JSON.stringify({ address: state.address, heads: state.heads }))
      await writeFile(join(directory, 'index'), [...state.index.keys()].join('\n'))

      const db = await here.orbitdb.import<Events>({
        ...JSON.parse(await readFile(join(directory, 'state.json'), 'utf8')),
        index: (await readFile(join(directory, 'index'), 'utf8')).split('\n'),
        blocks: (async function * () {
          for (const hash of await readdir(join(directory, 'blocks'))) {
            yield [hash, await readFile(join(directory, 'blocks', hash))] as const
          }
        })()
      }, { sync: false })
      deepStrictEqual(await valuesOf(db), values)
    })

    it('takes what is new, given what was there before', async () => {
      const db = await here.orbitdb.import<Events>(state, { sync: false })
      const original = await there.orbitdb.open<Events>(state.address)
      await original.add('3')
      await original.add('4')
      const { heads, index, blocks } = await collect(await original.export())
      const added = new Set([...index.keys()].filter(hash => !state.index.has(hash)))
      deepStrictEqual(await db.import({ heads, index: added, blocks: blocks.filter(([hash]) => added.has(hash)) }), { added: added.size, mended: 0 })
      deepStrictEqual(await valuesOf(db), ['1', '2', '3', '4'])
      await assertIsWhole(db.log)
    })

    it('keeps what is local, in a database that is open', async () => {
      const db = await openLocal()
      await db.add('local')
      const [local] = await db.log.values()
      const { blocks, ...rest } = state
      strictEqual(await here.orbitdb.import(state), db)
      deepStrictEqual((await db.all()).length, 3)
      deepStrictEqual((await db.log.heads()).some(({ hash }) => hash === local.hash), true)
      strictEqual(await here.orbitdb.open(state.address, { restore: rest }), db)
      await rejects(here.orbitdb.open('log', { type: 'events', ...openToAll(), restore: state }), { name: 'InvalidStateError', code: 'address-invalid' })
      deepStrictEqual((await db.all()).length, 3)
      await assertIsWhole(db.log)
    })

    it('keeps what is local, in a database that is not open', async () => {
      const closed = await openLocal()
      const local = await closed.add('local')
      await closed.close()
      const db = await here.orbitdb.import<Events>(state, { sync: false })
      deepStrictEqual((await db.all()).map(({ hash }) => hash).sort(), [local, ...state.index.keys()].sort())
      await assertIsWhole(db.log)
    })

    it('is true when there was something new', async () => {
      const db = await openLocal()
      ok((await db.import(state)).added > 0)
      deepStrictEqual(await db.import(state), { added: 0, mended: 0 })
      deepStrictEqual(await db.import({ heads: [] }), { added: 0, mended: 0 })
    })

    it('is refused with a state of another address', async () => {
      const db = await openLocal()
      await db.add('local')
      const before = await contentsOf(db.log)
      const other = await here.orbitdb.open('other', { type: 'events', sync: false })
      await other.add('other')
      const foreign = await collect(await other.export())
      await rejects(db.import(foreign), { name: 'InvalidStateError' })
      await rejects(here.orbitdb.open(db.address, { restore: foreign }), { name: 'InvalidStateError' })
      deepStrictEqual(await contentsOf(db.log), before)

      await db.close()
      await rejects(here.orbitdb.open(db.address, { restore: foreign }), { name: 'InvalidStateError' })
      const reopened = await here.orbitdb.open(db.address, { sync: false })
      deepStrictEqual(await contentsOf(reopened.log), before)
      ok((await reopened.import({ ...state, address: parseAddress(state.address) })).added > 0)
    })

    it('is refused with a malformed state', async () => {
      const db = await openLocal()
      await db.add('local')
      const before = await contentsOf(db.log)
      const { heads, address } = state
      const malformed: Record<string, unknown> = {
        nothing: undefined,
        null: null,
        'no heads': { address },
        'heads that are no array': { address, heads: new Set(heads) },
        'a head that is null': { address, heads: [null] },
        'a head without hash': { address, heads: [{ next: [] }] },
        'a hash of a head that is no string': { address, heads: [{ hash: 1, next: [] }] },
        'a hash of a head that is no hash': { address, heads: ['head'] },
        'next of a head that is no array': { address, heads: [{ ...heads[0], next: 1 }] },
        'an index that is not iterable': { address, heads, index: {} },
        'an index that is a string': { address, heads, index: 'index' },
        'an index of something else': { address, heads, index: [1] },
        'an index of something else than hashes': { address, heads, index: ['hash'] },
        'blocks that are not iterable': { address, heads, blocks: {} },
        'blocks that are bytes': { address, heads, blocks: 'blocks' },
        'blocks that are no pairs': { address, heads, blocks: [1] }
      }
      for (const [name, bad] of Object.entries(malformed)) {
        await rejects(db.import(bad as RestoreState), { name: 'InvalidStateError' }, name)
        await rejects(here.orbitdb.import(bad as AddressedState), { name: 'InvalidStateError' }, name)
      }
      await rejects(here.orbitdb.import({ heads, address: '' }), { name: 'InvalidStateError' })
      await rejects(here.orbitdb.import({ heads, address: 'log' }), { name: 'InvalidStateError' })
      deepStrictEqual(await contentsOf(db.log), before)
    })
  })
})
