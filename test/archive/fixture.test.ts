import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { archive } from '../helpers/archives.ts'
import { useReplicas } from '../helpers/replicas.ts'
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

  it('is inspected', async () => {
    deepStrictEqual(toJSON(await inspectBackup(bytes)), expected.summary)
  })

  it('is verified', async () => {
    const { ok, problems, unchecked } = await verifyBackup(bytes)
    deepStrictEqual([problems, unchecked], [[], []])
    strictEqual(ok, true)
  })
})
