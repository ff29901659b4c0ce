import { createServer } from 'node:http'
import { CID } from 'multiformats/cid'
import type { HeliaNode } from '../../src/index.ts'
import type { AddressInfo } from 'node:net'

/** Serves the blocks of a node as a trustless gateway does: https://specs.ipfs.tech/http-gateways/trustless-gateway/ */
export async function serveGateway (ipfs: HeliaNode) {
  const asked: string[] = []
  const server = createServer(async ({ url }, response) => {
    const [, id] = /^\/ipfs\/([^/?]+)/.exec(url!) ?? []
    try {
      const cid = CID.parse(id)
      asked.push(id)
      response.writeHead(200, { 'content-type': 'application/vnd.ipld.raw' })
      for await (const bytes of ipfs.blockstore.get(cid, { offline: true })) response.write(bytes)
      response.end()
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    }
  }
}
