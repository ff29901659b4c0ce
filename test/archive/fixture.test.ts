import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJSON from '@ipld/dag-json'
import { archive, readCar } from '../helpers/archives.ts'
import { codeBlocksOf } from '../helpers/markdown.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { root } from '../helpers/scripts.ts'
import { inspectBackup, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Documents, KeyValue, OrbitDBAccessController } from '../../src/index.ts'

const fixtures = join(import.meta.dirname, '../fixtures')

describe('The archive of the documentation', () => {
  const { createReplica } = useReplicas()

  let bytes: Uint8Array
  let expected: Record<string, unknown>

  before(async () => {
    bytes = await readFile(join(fixtures, 'archive.car'))
    expected = JSON.parse(await readFile(join(fixtures, 'archive.json'), 'utf8'))
  })

  /** As the expected values are written. */
  const toJSON = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, value) => value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))

  it('is restored, with all that is in it', async () => {
    const { orbitdb } = await createReplica()
    const [documents, settings] = await restoreBackup<[Documents, KeyValue]>(orbitdb, bytes)
    deepStrictEqual(toJSON(await documents.all()), expected.documents)
    deepStrictEqual(documents.meta, { about: 'a fixture' })
    deepStrictEqual(await settings.all(), expected.settings)
    deepStrictEqual(await (settings.access as OrbitDBAccessController).get('write'), new Set(['somebody else']))
    deepStrictEqual(Buffer.from(await archive([documents, settings])), bytes)
  })

  it('is the one that docs/FORMAT.md shows: its header, its root, a snapshot and a node', async () => {
    const [, example] = (await readFile(join(root, 'docs/FORMAT.md'), 'utf8')).split('\n## An example\n')
    const [header, ...shown] = codeBlocksOf(example).map(({ code }) => code)
    const { roots, blocks } = await readCar(bytes)
    const hex = header.replace(/ +#.*$/gm, '').replace(/\s/g, '')
    match(Buffer.from(bytes.subarray(0, hex.length / 2 + 40)).toString('hex'), new RegExp(`^${hex.replace('…', '\\w+')}`))
    ok(header.includes(`[${roots[0].toString()}]`))
    const values = new Map(blocks.filter(({ cid }) => cid.code === dagCbor.code).map(({ cid, bytes }) => [dagJSON.stringify(dagCbor.decode(bytes)), cid.toString()]))
    const [first, ...others] = shown.map(text => values.get(dagJSON.stringify(dagJSON.parse(text))))
    deepStrictEqual([first, others.length], [roots[0].toString(), 2])
    for (const cid of others) ok(example.includes(`\`${cid?.slice(0, 12)}…\``))
  })

  it('is inspected', async () => {
    deepStrictEqual(toJSON(await inspectBackup(bytes)), expected.summary)
  })

  it('is verified', async () => {
    const { ok, problems, unchecked } = await verifyBackup(bytes)
    deepStrictEqual([problems, unchecked], [[], []])
    strictEqual(ok, true)
  })
})
