/**
 * Imports states in a process of its own, for tests that kill it. It sends the name of each step
 * that it is about to take. An import that got to the step to stop at sends 'stopped', and waits.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { createNode } from './node.ts'
import { ComposedStorage, createOrbitDB, KeyValue, KeyValueIndexed, LevelStorage, LRUStorage } from '../../src/index.ts'
import type { AddressedState, Block, Storage } from '../../src/index.ts'

export interface ImporterJob {
  /** Where the node is */
  directory: string
  /** A file with the state, in DAG-CBOR */
  file: string
  /** Whether to open the database as a KeyValueIndexed */
  indexed?: boolean
  /** Whether the index storage has no `putMany` */
  oneByOne?: boolean
  /** The step to stop at, and which one of that name */
  stopAt?: [name: string, number: number]
}

async function runJob ({ directory, file, indexed = false, oneByOne = false, stopAt = ['', 0] }: ImporterJob): Promise<void> {
  const counts = new Map<string, number>()

  const step = async (name: string): Promise<void> => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    process.send!(name)
    if (name === stopAt[0] && count === stopAt[1]) {
      process.send!('stopped')
      await new Promise(() => {})
    }
  }

  // A storage as OrbitDB's own, but each write to it is a step
  const createStorage = async (name: string, path: string): Promise<Storage<any>> => {
    const storage = await ComposedStorage<any>(await LRUStorage({ size: 1000 }), await LevelStorage({ path }))
    return {
      ...storage,
      async put (key, value) {
        await step(`${name}.put`)
        await storage.put(key, value)
      },
      async putMany (records, signal, options) {
        await step(`${name}.putMany`)
        await storage.putMany!(records, signal, options)
      },
      async del (key) {
        await step(`${name}.del`)
        await storage.del(key)
        await step(`${name}.del is done`)
      }
    }
  }

  const { blocks, ...state } = dagCbor.decode<AddressedState & { blocks: Block[] }>(await readFile(file))
  const readBlocks = async function * () {
    for (const block of blocks) {
      await step('block')
      yield block
    }
  }

  const ipfs = await createNode(join(directory, 'ipfs'))
  const { add } = ipfs.pins
  ipfs.pins.add = async function * (...args) {
    await step('pin')
    yield * add.apply(ipfs.pins, args)
  }

  const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, 'orbitdb') })
  const address = String(state.address)
  const path = join(directory, 'orbitdb', address, indexed ? join('_index', address) : '', 'log')
  const indexStorage = await createStorage('index', join(path, '_index'))
  const { putMany, ...oneByOneStorage } = indexStorage
  await orbitdb.import({ ...state, blocks: readBlocks() }, {
    Database: indexed ? KeyValueIndexed() : KeyValue(),
    headsStorage: await createStorage('heads', join(path, '_heads')),
    indexStorage: oneByOne ? oneByOneStorage : indexStorage,
    verify: false,
    sync: false,
    onProgress: () => process.send!('verify')
  })
}

process.on('disconnect', () => process.exit()) // Don't outlive the test
await Promise.all((JSON.parse(process.argv[2]) as ImporterJob[]).map(runJob))
process.exit()
