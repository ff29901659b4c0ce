import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import all from 'it-all'
import { decode, hashOf, readAccessList, readEntry, readIdentity, readManifest } from '../../src/core/blocks.ts'
import { toCID } from '../helpers/cid.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createBackup, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Block, Events } from '../../src/index.ts'

/** The block that one of the values links to. */
const linked = new Uint8Array([1])

interface Published {
  address: string
  heads: string[]
  /** How many entries there are. */
  payloads: number
  /** The bytes of the blocks in base64, by their hashes. */
  blocks: Record<string, string>
}

/** Reads what fixtures/write-published.mjs wrote with a version of `@orbitdb/core`. */
async function readPublished (version: string) {
  const text = await readFile(join(import.meta.dirname, `../fixtures/orbitdb-${version}.json`), 'utf8')
  const { blocks, heads, ...rest } = JSON.parse(text) as Published
  return {
    ...rest,
    heads: heads.map(hash => ({ hash, next: [] })),
    blocks: Object.entries(blocks).map(([hash, bytes]): Block => [hash, new Uint8Array(Buffer.from(bytes, 'base64'))])
  }
}

for (const version of ['2.4.3', '3.0.2']) {
  describe(`A database that @orbitdb/core ${version} wrote`, () => {
    const { createReplica } = useReplicas()

    it('has blocks that are read strictly', async () => {
      const { blocks, payloads } = await readPublished(version)
      let entries = 0
      for (const [hash, bytes] of blocks) {
        const value = decode(bytes)
        if (value.sig != null) {
          deepStrictEqual(readEntry(bytes, hash), value)
          entries++
        } else {
          const read = value.signatures != null ? readIdentity : value.write != null ? readAccessList : readManifest
          deepStrictEqual(read(bytes, hash), value)
        }
      }
      strictEqual(entries, payloads)
    })

    it('is imported, verified and backed up', async () => {
      const state = await readPublished(version)
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import<Events>(state, { sync: false })
      const values = await db.all()
      strictEqual(values.length, state.payloads)
      strictEqual(values.at(-1)?.value, 'both')

      const chunks = await all(createBackup(db))
      strictEqual((await verifyBackup(chunks)).ok, true)
      const other = await createReplica()
      deepStrictEqual(await (await restoreBackup<Events>(other.orbitdb, chunks, { sync: false })).all(), values)
    })

    it('is joined, entry by entry', async () => {
      const state = await readPublished(version)
      const { orbitdb, ipfs } = await createReplica()
      const db = await orbitdb.import<Events>({ ...state, heads: [], index: new Map() }, { sync: false })
      // What an entry links to is pinned with it
      await ipfs.blockstore.put(toCID(await hashOf(linked)), linked)
      const entries = state.blocks.filter(([, bytes]) => decode(bytes).sig != null)
        .sort(([, a], [, b]) => decode(a).clock.time - decode(b).clock.time)
      for (const [, bytes] of entries) {
        await db.log.joinEntry(bytes)
      }
      strictEqual((await db.all()).length, state.payloads)
      deepStrictEqual((await db.log.heads()).map(({ hash }) => hash), state.heads.map(({ hash }) => hash))
    })
  })
}
