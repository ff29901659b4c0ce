/*
 * What archives cost that were made to cost much: each at several sizes, in a process of its own. What takes more
 * than twice as long for twice as many bytes is a fault.
 */
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import drain from 'it-drain'
import { concat } from 'uint8arrays/concat'
import { encodeBlocks, encodeHeader } from '../../src/archive/sinks/car.ts'
import { sha256 } from '../../src/blocks/sha256.ts'
import { cidOf } from '../../src/blocks/cids.ts'
import { diffBackups, Identities, KeyStore, MemoryStorage, mergeBackups, openBackup, verifyBackup } from '../../src/index.ts'
import { addEntry, addressOf, append, createLog, digestOf, nameBlock, toArchive, toBlock, toBlocks } from './logs.ts'
import type { WrittenBlock } from '../../src/archive/sinks/car.ts'
import type { Events, SigningIdentity } from '../../src/index.ts'

const blockOf = async (value: unknown): Promise<WrittenBlock> => {
  const bytes = dagCbor.encode(value)
  return { bytes, digest: await sha256(bytes) }
}

const file = (root: Uint8Array, ...blocks: WrittenBlock[][]): Uint8Array => concat([encodeHeader([root]), ...blocks.map(blocks => encodeBlocks(blocks, 'dag-cbor'))])
const linkTo = ({ digest }: { digest: Uint8Array }): CID => CID.decode(cidOf(digest))

const manyOf = async (count: number): Promise<WrittenBlock[]> => Promise.all(Array.from({ length: count }, (_, i) => blockOf(i)))

/** Archives by what there is much of, and how much at first. */
const archives: Record<string, { count: number, create: (owner: SigningIdentity, count: number) => Promise<Uint8Array> }> = {
  'tiny blocks of others before the root': {
    count: 25_000,
    create: async (owner, count) => {
      const { root, nodes, blocks } = await toBlocks([await createLog(owner, 'x')])
      return file(root, await manyOf(count), nodes, blocks)
    }
  },
  'copies of a block': {
    count: 25_000,
    create: async (owner, count) => {
      const { root, nodes, blocks } = await toBlocks([await createLog(owner, 'x')])
      return file(root, nodes, Array(count).fill(blocks[0]), blocks)
    }
  },
  'links to the same snapshot': {
    count: 10_000,
    create: async (owner, count) => {
      const { nodes, blocks } = await toBlocks([await createLog(owner, 'x')])
      const { shared } = dagCbor.decode<{ shared: unknown }>(nodes[0].bytes)
      const root = await blockOf({ format: 'orbitdb-backup', version: 1, shared, databases: Array(count).fill(linkTo(nodes[1])) })
      return file(root.digest, [root], nodes.slice(1), blocks)
    }
  },
  'names of the same leaf': {
    count: 10_000,
    create: async (owner, count) => {
      const log = await createLog(owner, 'x')
      const { nodes, blocks } = await toBlocks([log])
      const leaf = await blockOf(['heads', addressOf(log), 0, [], [1], [digestOf(log.heads[0])]])
      let below = leaf
      const made = [leaf]
      for (let level = 1, items = count; items > 1; level++, items /= 64) {
        const length = Math.min(64, Math.ceil(items))
        below = await blockOf(['heads', addressOf(log), level, Array(length).fill(1), [1, ...Array(length - 1).fill(0)], Array(length).fill(linkTo(below))])
        made.push(below)
      }
      const snapshot = await blockOf({ ...dagCbor.decode<object>(nodes[1].bytes), heads: { root: linkTo(below), count } })
      const root = await blockOf({ ...dagCbor.decode<object>(nodes[0].bytes), databases: [linkTo(snapshot)] })
      return file(root.digest, [root, snapshot, ...made], nodes.slice(2), blocks)
    }
  },
  databases: { count: 500, create: async (owner, count) => toArchive(await Promise.all(Array.from({ length: count }, (_, i) => createLog(owner, `${i}`, { count: 0 })))) },
  'databases of access controllers, one behind the other': {
    count: 500,
    create: async (owner, count) => {
      const logs = [await createLog(owner, '0', { count: 0 })]
      for (let i = 1; i < count; i++) {
        const manifest = await toBlock({ name: `${i}`, type: 'keyvalue', accessController: addressOf(logs.at(-1)!) })
        logs.push({ manifest, identities: [], entries: [], heads: [] })
      }
      const before = new Map(logs.map((log, i) => [log, i === 0 ? { block: digestOf(log.access!.hash) } : { database: addressOf(logs[i - 1]) }]))
      return toArchive(logs.slice(-1), { access: logs.slice(0, -1), accessController: log => before.get(log) })
    }
  },
  heads: {
    count: 1_000,
    create: async (owner, count) => {
      const log = await createLog(owner, 'x', { count: 0 })
      const heads: string[] = []
      for (let i = 0; i < count; i++) heads.push((await append(log, owner, { next: [], payload: i })).hash)
      log.heads = heads
      return toArchive([log])
    }
  },
  'links of an entry to the same one': {
    count: 25_000,
    create: async (owner, count) => {
      const log = await createLog(owner, 'x')
      await append(log, owner, { next: Array(count).fill(log.heads[0]) })
      return toArchive([log])
    }
  },
  'links of an entry that differ in few characters': {
    count: 50_000,
    create: async (owner, count) => {
      const log = await createLog(owner, 'x')
      const letters = [...'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz']
      // The last of each four characters at the end of a hash
      const textOf = (i: number): string => log.heads[0].slice(0, 25) + Array.from({ length: 6 }, (_, j) => `111${letters[Math.floor(i / 58 ** j) % 58]}`).join('')
      await append(log, owner, { refs: Array.from({ length: count }, (_, i) => textOf(i)) })
      return toArchive([log])
    }
  },
  'arrays in a payload, each in the one before': {
    count: 500_000,
    create: async (owner, count) => {
      const log = await createLog(owner, 'x')
      const { bytes } = await append(log, owner, { payload: 0 })
      log.entries.pop()
      const at = Buffer.from(bytes).indexOf('payload') + 'payload'.length
      addEntry(log, await nameBlock(concat([bytes.subarray(0, at), new Uint8Array(count).fill(0x81), bytes.subarray(at)])))
      return toArchive([log])
    }
  },
  'letters of a name': { count: 500_000, create: async (owner, count) => toArchive([await createLog(owner, 'x'.repeat(count))]) }
}

const factors = [1, 2, 4]

interface Cost {
  bytes: number
  cpu: number
  memory: number
  verdict: string
}

/** What can be done to an archive of somebody else. */
const readers: Record<string, (bytes: Uint8Array, owner: SigningIdentity) => Promise<unknown>> = {
  verifyBackup: async bytes => {
    const { ok, problems } = await verifyBackup(bytes)
    return ok ? 'ok' : problems[0].code
  },
  diffBackups: async (bytes, owner) => diffBackups(bytes, await toArchive([await createLog(owner, 'y')])),
  mergeBackups: bytes => drain(mergeBackups([bytes])),
  openBackup: async bytes => {
    const backup = await openBackup(bytes)
    for (const { address } of backup.databases) await (await backup.open<Events>(address)).all()
    await backup.close()
  },
  salvage: async bytes => {
    const { ok, problems } = await verifyBackup(bytes, { salvage: true })
    return ok ? 'ok' : problems[0].code
  }
}

async function measure (reader: string, name: string, count: number): Promise<Cost> {
  const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage: await MemoryStorage() })
  const owner = await identities.createIdentity({ id: 'owner' })
  const bytes = await archives[name].create(owner, count)
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const start = process.cpuUsage()
  let peak = before
  const timer = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss) }, 5)
  const verdict = String(await readers[reader](bytes, owner).then(result => typeof result === 'string' ? result : 'ok', error => error.code ?? error.name))
  peak = Math.max(peak, process.memoryUsage().rss)
  clearInterval(timer)
  const { user, system } = process.cpuUsage(start)
  return { bytes: bytes.length, cpu: (user + system) / 1000, memory: (peak - before) / 2 ** 20, verdict }
}

const { values: { reader, child, count } } = parseArgs({
  options: { reader: { type: 'string', default: 'verifyBackup' }, child: { type: 'string' }, count: { type: 'string' } }
})
if (!(reader in readers)) {
  console.error(`--reader is one of ${Object.keys(readers).join(', ')}`)
  process.exit(2)
} else if (child != null) {
  console.log(JSON.stringify(await measure(reader, child, Number(count))))
} else {
  console.log(`| ${reader} of an archive with many | how many | MB | CPU, ms | memory, MB | verdict |\n| --- | ${'--: | '.repeat(4)}--- |`)
  for (const [name, { count }] of Object.entries(archives)) {
    for (const factor of factors) {
      const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, '--expose-gc', import.meta.filename, '--reader', reader, '--child', name, '--count', `${count * factor}`])
      const { bytes, cpu, memory, verdict }: Cost = JSON.parse(stdout)
      console.log(`| ${name} | ${(count * factor).toLocaleString('en')} | ${(bytes / 1e6).toFixed(2)} | ${cpu.toFixed(0)} | ${Math.max(0, memory).toFixed(0)} | ${verdict} |`)
    }
  }
}
process.exit()
