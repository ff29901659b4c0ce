import assert from 'node:assert'
import http from 'node:http'
import { AgentData } from '@storacha/access/agent'
import { Client } from '@storacha/client'
import { cleanupContext, createContext } from '@storacha/upload-api/test/context'
import { Delegation, Message } from '@ucanto/core'
import { CAR } from '@ucanto/transport'
import { varint } from 'multiformats'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'

const listen = async server => {
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return `http://127.0.0.1:${server.address().port}`
}

// In plain JavaScript, as packages of Storacha have sources in TypeScript that would be checked as ours are

/**
 * Runs Storacha on this machine: its own service and storage nodes, as its tests run them, and a gateway that sends
 * what was uploaded as one CAR file.
 */
export async function serveStoracha () {
  const nodes = []
  const recording = {
    ...http,
    createServer: (...args) => {
      const server = http.createServer(...args)
      nodes.push(server)
      return server
    }
  }
  const context = await createContext({ http: recording, assert, requirePaymentPlan: false })
  const { connection } = context

  /** The bytes of a shard, from the storage node that has it. */
  const readShard = async shard => {
    const key = base58btc.encode(shard.multihash.bytes)
    for (const node of nodes.filter(({ listening }) => listening)) {
      const { port } = node.address()
      const response = await fetch(`http://127.0.0.1:${port}/${key}/${key}.blob`)
      if (response.ok) return new Uint8Array(await response.arrayBuffer())
    }
    throw new Error('No storage node has a shard')
  }

  const server = http.createServer(async ({ url }, response) => {
    const [, kind, id] = new URL(url, 'http://localhost').pathname.split('/')
    try {
      if (kind === 'receipt') {
        const receipt = await context.agentStore.receipts.get(CID.parse(id))
        const { body } = await CAR.request.encode(await Message.build({ receipts: [receipt.ok] }))
        response.end(body)
        return
      }
      const shards = await shardsOf(id)
      response.writeHead(200, { 'content-type': 'application/vnd.ipld.car; version=1' })
      for (const [i, shard] of shards.entries()) {
        const bytes = await readShard(shard)
        // The shards are CAR files: of all but the first, only the blocks are wanted
        response.write(i === 0 ? bytes : bytes.subarray(headerLengthOf(bytes)))
      }
      response.end()
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  const url = await listen(server)

  const service = { access: connection, upload: connection, filecoin: connection, gateway: connection }
  const client = new Client(await AgentData.create(), { serviceConf: service, receiptsEndpoint: new URL(`${url}/receipt/`) })
  const space = await client.createSpace('backups', { skipGatewayAuthorization: true })
  await client.addSpace(await space.createAuthorization(client))
  await client.setCurrentSpace(space.did())
  const provision = await Delegation.delegate({ issuer: client.agent.issuer, audience: context.id, capabilities: [{ can: 'provider/add', with: space.did() }] })
  await context.provisionsStorage.put({ provider: connection.id.did(), customer: 'did:mailto:example.com:alice', consumer: space.did(), cause: provision })

  const shardsOf = async root => {
    const { results } = await client.capability.upload.list()
    return results.find(upload => String(upload.root) === root)?.shards ?? []
  }

  return {
    client,
    url,
    shardsOf,
    readShard,
    close: async () => {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
      await cleanupContext(context)
    }
  }
}

/** How many bytes the header of a CAR file takes: its length, and so many more. */
function headerLengthOf (bytes) {
  const [length, prefixLength] = varint.decode(bytes)
  return prefixLength + length
}
