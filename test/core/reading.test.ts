// What reading a log takes, counted in work: not in time
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import sinon from 'sinon'
import { addressOf, append, createLog, toArchive } from '../hostile/logs.ts'
import { countBlocks } from '../helpers/opened.ts'
import { Identities, KeyStore, MemoryStorage, openBackup } from '../../src/index.ts'
import type { Events, SigningIdentity } from '../../src/index.ts'

/** A file that counts how often parts of it are read. */
class CountedFile extends Blob {
  reads = 0

  override slice (...range: Parameters<Blob['slice']>): Blob {
    this.reads++
    return super.slice(...range)
  }
}

describe('Reading a log', () => {
  let owner: SigningIdentity

  before(async () => {
    const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage: await MemoryStorage() })
    owner = await identities.createIdentity({ id: 'owner' })
  })

  afterEach(() => sinon.restore())

  it('takes the same work for an entry that names another hundreds of times as for one that names it once', async () => {
    const readAll = async (links: number) => {
      const log = await createLog(owner, 'x')
      for (let i = 0; i < 10; i++) await append(log, owner, { next: Array(links).fill(log.heads[0]) })
      const file = new CountedFile([await toArchive([log]) as BlobPart])
      const backup = await openBackup(file)
      const db = await backup.open<Events>(addressOf(log))
      file.reads = 0
      let sorted = 0
      const sort = sinon.stub(Array.prototype, 'sort').callsFake(function (this: unknown[], compare) {
        sorted += this.length
        return sort.wrappedMethod.call(this, compare)
      })
      const read = await db.all()
      sort.restore()
      await backup.close()
      return { entries: read.length, reads: file.reads, sorted }
    }
    const once = await readAll(1)
    strictEqual(once.entries, 13)
    ok(once.reads >= 13 && once.sorted >= 13, JSON.stringify(once))
    // As many as fit into a part of a file that is read at once
    const often = await readAll(250)
    deepStrictEqual({ ...often, sorted: 0 }, { ...once, sorted: 0 })
    ok(often.sorted < 2 * once.sorted + 100, JSON.stringify({ once, often }))
  })

  it('opens one with hundreds of heads without reading them', async () => {
    const log = await createLog(owner, 'x', { count: 0 })
    const heads: string[] = []
    for (let i = 0; i < 300; i++) heads.push((await append(log, owner, { next: [], payload: i })).hash)
    log.heads = heads
    for (const [name, { opening }] of Object.entries(await countBlocks(await toArchive([log])))) {
      ok(opening < 30, `${name}: ${opening}`)
    }
  })
})
