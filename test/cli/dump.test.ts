import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJSON from '@ipld/dag-json'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { archive, archiveOfRevoked } from '../helpers/archives.ts'
import { createBlock, forge, toHash } from '../helpers/forgery.ts'
import { deleteBlock } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { indexed, readAll, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { AddressInfo } from 'node:net'
import type { Node } from '../helpers/node.ts'
import type { Fixture } from './helpers.ts'
import type { Documents, Events, KeyValue } from '../../src/index.ts'

describe('orbitdb-backup dump', () => {
  const createDirectory = useDirectories()
  const { createReplica } = useReplicas()
  let cid: CID
  let directory: string
  let path: string
  let addresses: Fixture['addresses']
  let settings: string
  /** What is in the databases, as the unpatched OrbitDB reads it: by address, sorted */
  const expected: Record<string, string[]> = {}

  const parse = (text: string): any[] => text.trim().split('\n').map(line => dagJSON.parse(line))
  const byAddress = (records: any[]): Record<string, string[]> => {
    const lines = records.map(({ address, ...record }) => [address, dagJSON.stringify(record)])
    return Object.fromEntries([...new Set(lines.map(([address]) => address))].sort().map(address => [address, lines.filter(([other]) => other === address).map(([, line]) => line).sort()]))
  }

  before(async () => {
    directory = await createDirectory()
    await withOrbitDB(directory, async orbitdb => {
      ({ addresses } = await writeFixture(orbitdb))
      const posts = await orbitdb.open<Events>(addresses.posts)
      // OrbitDB waits for what an entry links to, so that it is something that the node has
      cid = CID.parse(posts.address.split('/').pop()!, base58btc)
      await posts.add({ bytes: Uint8Array.of(1, 2, 255), cid, text: '\u009b31m\u202e', nothing: null })
      await (await orbitdb.open<Documents>(addresses.team)).put({ _id: 'second', at: 1 })
      const untyped = await orbitdb.open<KeyValue>('untyped', { ...indexed, sync: false })
      await untyped.put('theme', 'light')
      await untyped.put('theme', 'dark')
      settings = untyped.address
      const lineOf = ({ hash, key, value }: any) => dagJSON.stringify({ hash, ...key != null && { key }, value })
      expected[addresses.posts] = (await posts.all()).map(lineOf).sort()
      expected[addresses.team] = (await (await orbitdb.open<Documents>(addresses.team)).all()).map(lineOf).sort()
      expected[addresses.settings] = (await (await orbitdb.open<KeyValue>(addresses.settings, indexed)).all()).map(lineOf).sort()
      expected[settings] = (await untyped.all()).map(lineOf).sort()
    })
    path = join(directory, 'all.car')
    strictEqual((await runCLI(['create', '--all', '-d', directory, '-o', path])).code, 0)
  })

  const sorted = () => Object.fromEntries(Object.entries(expected).sort(([a], [b]) => a < b ? -1 : 1))

  it('prints the records of an archive, from a file and from a pipe', async () => {
    for (const run of [() => runCLI(['dump', path]), async () => runCLI(['dump'], { input: await readFile(path) })]) {
      const { code, stdout, stderr } = await run()
      deepStrictEqual([code, stderr], [0, ''])
      deepStrictEqual(byAddress(parse(stdout)), sorted())
      ok(!/[\u0080-\u009f\u202e]/.test(stdout))
    }
  })

  it('reads parts of an archive on a server, and says what to do where it sends none', async () => {
    const bytes = await readFile(path)
    const ranges: string[] = []
    const server = createServer((request, response) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
      if (range == null || request.url === '/whole.car') return response.end(bytes)
      const [start, end] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)]
      ranges.push(range[0])
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${bytes.length}` }).end(bytes.subarray(start, end + 1))
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const { code, stdout, stderr } = await runCLI(['dump', `${url}/all.car`])
      deepStrictEqual([code, stderr, ranges.length > 2], [0, '', true])
      deepStrictEqual(byAddress(parse(stdout)), sorted())
      const whole = await runCLI(['dump', `${url}/whole.car`])
      deepStrictEqual([whole.code, whole.stdout], [1, ''])
      match(whole.stderr, /^error: .+: the server sends no parts of files\. Get all of it first\n$/)
    } finally {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    }
  })

  it('prints those of a node, and changes nothing', async () => {
    const before = await readAll(directory)
    const { code, stdout, stderr } = await runCLI(['dump', '-d', directory])
    deepStrictEqual([code, stderr], [0, ''])
    deepStrictEqual(byAddress(parse(stdout)), sorted())
    deepStrictEqual(await readAll(directory), before)
  })

  it('says when the node lacks an entry', async () => {
    const copy = await createDirectory(directory)
    await withOrbitDB(copy, async ({ open, ipfs }) => {
      const { log } = await open(addresses.posts)
      const [{ next: [hash] }] = await log.heads()
      await deleteBlock(ipfs as Node, hash)
    })
    const { code, stderr } = await runCLI(['dump', '-d', copy])
    strictEqual(code, 5)
    match(stderr, /^error: Block "\w+" is missing: the node does not have all of the database, which it may get from its peers when it runs\n$/)
  })

  it('prints some of the databases', async () => {
    for (const args of [[path], ['-d', directory]]) {
      const { stdout } = await runCLI(['dump', ...args, '--database', 'untyped', '--database', addresses.team])
      deepStrictEqual(Object.keys(byAddress(parse(stdout))).sort(), [addresses.team, settings].sort())
      const none = await runCLI(['dump', ...args, '--database', 'none'])
      strictEqual(none.code, 4)
      match(none.stderr, /^error: .*no database "none".*\n$/i)
    }
  })

  it('has binary values and CIDs as DAG-JSON does', async () => {
    const { stdout } = await runCLI(['dump', path, '--database', 'posts'])
    const { value } = stdout.trim().split('\n').map(line => JSON.parse(line)).find(({ value }) => value.cid != null)
    deepStrictEqual(value, { bytes: { '/': { bytes: 'AQL/' } }, cid: { '/': cid.toString() }, text: '\u009b31m\u202e', nothing: null })
  })

  it('checks entries as a restore does, or as it is told', async () => {
    const owner = await createReplica()
    const input = await archiveOfRevoked(owner, await createReplica())
    const refused = await runCLI(['dump'], { input })
    deepStrictEqual([refused.code, refused.stdout], [5, ''])
    match(refused.stderr, /^error: Entry "zdpu\w+" is of a writer who may not write/)
    for (const verify of ['signatures', 'none']) {
      deepStrictEqual(parse((await runCLI(['dump', '--verify', verify], { input })).stdout).map(({ value }) => value), ['by another'])
    }

    const plain = await owner.orbitdb.open<Events>('plain', { type: 'events', sync: false })
    await plain.add('signed')
    const forged = await forge(await archive(plain), async parts => {
      const [head] = parts.heads
      const entry = dagCbor.decode<{ payload: { value: string } }>(parts.blocks.get(toHash(head))!.bytes)
      entry.payload.value = 'forged'
      const block = await createBlock(entry)
      parts.blocks.set(toHash(block.cid), block)
      parts.heads = parts.entries = [block.cid]
    })
    strictEqual((await runCLI(['dump', '--verify', 'signatures'], { input: forged })).code, 5)
    deepStrictEqual(parse((await runCLI(['dump', '--verify', 'none'], { input: forged })).stdout).map(({ value }) => value), ['forged'])
  })

  it('takes an archive or a node', async () => {
    const { code, stderr } = await runCLI(['dump', path, '-d', directory])
    deepStrictEqual([code, stderr], [2, 'error: Either give an archive, or a node\n'])
  })

  it('ends when its reader does', async () => {
    const { code, stderr } = await runCLI(['dump', '-d', directory], { onStart: child => { child.stdout!.destroy() } })
    deepStrictEqual([code, stderr], [0, ''])
  })
})
