import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import all from 'it-all'
import { archive, readCar, writeCar } from '../../helpers/archives.ts'
import { createBlock, forge } from '../../helpers/forgery.ts'
import { useReplicas } from '../../helpers/replicas.ts'
import { openSource } from '../../../src/cli/files.ts'
import { toChunks } from '../../../src/archive/sources/bytes.ts'
import { createBackup, restoreBackup } from '../../../src/index.ts'
import type { AddressInfo } from 'node:net'
import type { Events } from '../../../src/index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const collect = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) {
    collectGarbage()
    await setTimeout(20)
  }
}

const size = 300_000

describe('An archive of a server', () => {
  const { createReplica } = useReplicas()
  const files: Record<string, Uint8Array> = { '/large': Buffer.alloc(size, 1) }
  let server: ReturnType<typeof createServer>
  let url: string

  before(async () => {
    server = createServer((request, response) => { response.end(files[request.url!]) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const { signal } = new AbortController()
  for (const [name, open] of Object.entries({
    'a Response': async () => toChunks(await fetch(`${url}/large`)),
    'the body of one': async () => toChunks((await fetch(`${url}/large`)).body!),
    'a URL of the command line': async () => (await openSource([`${url}/large`], signal)).source as AsyncIterable<Uint8Array>
  })) {
    it(`is all there when garbage is collected before ${name} is read`, async () => {
      const source = await open()
      await collect()
      let bytes = 0
      for await (const { length } of source) bytes += length
      strictEqual(bytes, size)
    })
  }

  it('is restored from the body of a Response that is read after another source, while garbage is collected', async () => {
    const { orbitdb } = await createReplica()
    const { orbitdb: otherOrbitdb } = await createReplica()
    const db = await orbitdb.open('posts', { type: 'events', sync: false })
    await db.add('one')
    const whole = await archive(db)
    await db.add('two')
    files['/new'] = Buffer.concat(await all(createBackup(db, { base: whole })))
    const slow = async function * () {
      await collect()
      yield whole
    }
    const root = await createBackup(db).root
    const restored = await restoreBackup<Events>(otherOrbitdb, { sources: [slow(), (await fetch(`${url}/new`)).body!] }, { sync: false, root })
    deepStrictEqual((await restored.all()).map(({ value }) => value), ['one', 'two'])
  })
})

describe('An archive whose chunks are large', () => {
  const { createReplica } = useReplicas()

  it('is restored without keeping them for the small blocks in them', async () => {
    const { orbitdb } = await createReplica()
    const { orbitdb: otherOrbitdb } = await createReplica()
    const db = await orbitdb.open<Events>('posts', { type: 'events' })
    await db.add('one')
    // Blocks that databases share, which are stored last
    const small = await Promise.all(Array.from({ length: 100 }, (_, i) => createBlock(i)))
    const forged = await forge(await archive(db), parts => {
      parts.shared = [parts.manifest, parts.access!, ...parts.identities, ...small.map(({ cid }) => cid)]
    })
    const foreign = await createBlock(new Uint8Array(2 ** 21))
    const { roots } = await readCar(forged)
    const headerLength = (await writeCar(roots, [])).length
    let kept = 0
    const chunks = async function * () {
      yield forged
      const before = process.memoryUsage().arrayBuffers
      for (const block of small) yield (await writeCar(roots, [block, foreign])).subarray(headerLength)
      await collect()
      kept = process.memoryUsage().arrayBuffers - before
    }
    const restored = await restoreBackup<Events>(otherOrbitdb, chunks())
    deepStrictEqual((await restored.all()).map(({ value }) => value), ['one'])
    ok(kept < 2 ** 26, `${kept} bytes`)
  })
})
