import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { car } from '@helia/car'
import { CarReader } from '@ipld/car'
import { setupOf, start, stop, toCID } from '../node.ts'
import type { Way } from '../way.ts'

const fileIn = (artifact: string): string => join(artifact, 'database.car')

const way: Way = {
  name: '@helia/car',
  about: '`car.export` of the manifest and the heads with all that they link to, and `car.import`. To IPFS, the links of OrbitDB are text: there is nothing to follow',
  orbitdb: 'stock',
  reads: 'running node',
  checks: 'nothing',
  backup: async ({ dataset, artifact }, { ipfs, db }) => {
    const [manifest] = await setupOf(ipfs, dataset.address)
    const heads = (await db.log.heads()).map(({ hash }) => hash)
    await pipeline(car(ipfs).export([manifest, ...heads].map(toCID)), createWriteStream(fileIn(artifact)))
  },
  restore: async ({ artifact, target }) => {
    const running = await start(target, 'stock')
    // @ts-expect-error: the types of its CIDs are those of another version of multiformats
    await car(running.ipfs).import(await CarReader.fromIterable(createReadStream(fileIn(artifact))))
    await stop(running)
  }
}

export default way
