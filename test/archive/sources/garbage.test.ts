import { strictEqual } from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openSource } from '../../../src/cli/files.ts'
import { toChunks } from '../../../src/archive/sources/bytes.ts'
import type { AddressInfo } from 'node:net'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const size = 300_000

describe('An archive of a server', () => {
  let server: ReturnType<typeof createServer>
  let url: string

  before(async () => {
    server = createServer((request, response) => { response.end(Buffer.alloc(size, 1)) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive`
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const { signal } = new AbortController()
  for (const [name, open] of Object.entries({
    'a Response': async () => toChunks(await fetch(url)),
    'a URL of the command line': async () => (await openSource([url], signal)).source as AsyncIterable<Uint8Array>
  })) {
    it(`is all there when garbage is collected before ${name} is read`, async () => {
      const source = await open()
      for (let i = 0; i < 10; i++) {
        collectGarbage()
        await setTimeout(20)
      }
      let bytes = 0
      for await (const { length } of source) bytes += length
      strictEqual(bytes, size)
    })
  }
})
