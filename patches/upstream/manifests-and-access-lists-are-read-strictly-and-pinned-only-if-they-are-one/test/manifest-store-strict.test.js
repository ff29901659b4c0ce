import { deepStrictEqual, rejects } from 'assert'
import * as dagCbor from '@ipld/dag-cbor'
import { rimraf } from 'rimraf'
import { Blocks, MemoryStorage, createOrbitDB, getAccessController, getDatabaseType } from '../src/index.js'
import ManifestStore from '../src/manifest-store.js'
import createHelia from './utils/create-helia.js'

describe('Manifest Store - Strict reading', function () {
  const manifest = { name: 'db', type: 'events', accessController: '/ipfs/zdpu' }

  let ipfs, storage, store

  const put = async (value) => {
    const bytes = dagCbor.encode(value)
    const hash = await Blocks.hashOf(bytes)
    await storage.put(hash, bytes)
    return hash
  }

  before(async () => {
    ipfs = await createHelia()
  })

  after(async () => {
    await ipfs.stop()
    await rimraf('./orbitdb')
  })

  beforeEach(async () => {
    storage = await MemoryStorage()
    store = await ManifestStore({ ipfs, storage })
  })

  it('gets a manifest', async () => {
    deepStrictEqual(await store.get(await put(manifest)), manifest)
  })

  it('refuses a block that is not a manifest, and does not keep it', async () => {
    const hash = await put({ write: ['*'], type: 'ipfs' })
    storage.put = async () => { throw new Error('It was kept') }

    await rejects(store.get(hash), { name: 'InvalidStateError', code: 'manifest-invalid', hash })
  })

  it('says that a manifest is missing', async () => {
    const hash = await Blocks.hashOf(dagCbor.encode(manifest))

    await rejects(store.get(hash), { name: 'MissingBlockError', code: 'block-missing', hash })
  })

  it('does not create what it would not read', async () => {
    await rejects(store.create({ name: 'db', type: 'events', accessController: 1 }), { code: 'manifest-invalid' })
  })

  it('refuses access lists that are none', async () => {
    const orbitdb = await createOrbitDB({ ipfs })
    const IPFSAccessController = getAccessController('ipfs')
    const hash = await put(manifest)

    await rejects(IPFSAccessController({ storage })({ orbitdb, identities: orbitdb.identities, address: `/ipfs/${hash}` }), { code: 'access-list-invalid', hash })
    await rejects(IPFSAccessController({ storage, write: [1] })({ orbitdb, identities: orbitdb.identities }), { code: 'access-list-invalid' })
    await orbitdb.stop()
  })

  it('knows only the types that were registered', async () => {
    await rejects(async () => getAccessController('toString'), { message: 'AccessController type \'toString\' is not supported' })
    await rejects(async () => getDatabaseType('toString'), { message: 'Unsupported database type: \'toString\'' })
  })
})
