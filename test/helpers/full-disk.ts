/**
 * What is written once a disk was full, in a process of its own: the files that it may write are
 * limited in size, so that writes fail as on a full disk, and later the limit is lifted.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { createNode } from './node.ts'
import { encodeBlock } from './blocks.ts'
import { createBlocks } from '../../src/blocks/index.ts'
import { createOrbitDB, IPFSBlockStorage, LevelStorage } from '../../src/index.ts'

export interface FullDiskJob {
  directory: string
  /** What is written to */
  store: 'put' | 'putMany' | 'blocks' | 'many blocks' | 'database'
}

export interface Failure {
  name: string
  code: string
  message: string
}

/** What happened: the keys that were written before and after, as far as that resolved, and the errors. */
export interface FullDiskReport {
  before: string[]
  after: string[]
  errors: Failure[]
  /** Whether what was written before can still be read, after the error */
  isReadable: boolean
}

interface Writer {
  /** Writes something under a number, and resolves to its key */
  write (i: number): Promise<string>
  read (key: string): Promise<unknown>
  close (): Promise<unknown>
}

const filler = 'x'.repeat(3000)

const writers: Record<FullDiskJob['store'], (directory: string) => Promise<Writer>> = {
  put: async directory => {
    const storage = await LevelStorage({ path: directory })
    const write = async (i: number): Promise<string> => {
      await storage.put(`key ${i}`, new TextEncoder().encode(filler))
      return `key ${i}`
    }
    return { write, read: storage.get, close: storage.close }
  },
  putMany: async directory => {
    const storage = await LevelStorage({ path: directory })
    const write = async (i: number): Promise<string> => {
      await storage.putMany!(Array.from({ length: 10 }, (_, j) => [`key ${i}${j === 0 ? '' : `-${j}`}`, new TextEncoder().encode(filler)]))
      return `key ${i}`
    }
    return { write, read: storage.get, close: storage.close }
  },
  blocks: async directory => {
    const ipfs = await createNode(directory)
    const storage = await IPFSBlockStorage({ ipfs, pin: true })
    const write = async (i: number): Promise<string> => {
      const block = await encodeBlock({ i, filler })
      await storage.put(...block)
      return block[0]
    }
    return { write, read: hash => storage.get(hash, undefined, { offline: true }), close: ipfs.stop }
  },
  'many blocks': async directory => {
    const ipfs = await createNode(directory)
    const { getMany, pinMany, putMany } = await createBlocks(ipfs)
    const write = async (i: number): Promise<string> => {
      const block = await encodeBlock({ i, filler })
      await putMany([block])
      await pinMany([block[0]], { isShallow: true })
      return block[0]
    }
    return { write, read: async hash => (await getMany([hash]))[0], close: ipfs.stop }
  },
  database: async directory => {
    const ipfs = await createNode()
    const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, 'orbitdb') })
    const db = await orbitdb.open('log', { type: 'events', sync: false })
    return { write: db.add, read: db.get, close: orbitdb.stop }
  }
}

async function run ({ directory, store }: FullDiskJob): Promise<FullDiskReport> {
  const { write, read, close } = await writers[store](directory)
  const report: FullDiskReport = { before: [], after: [], errors: [], isReadable: false }
  const fail = ({ name, code, message }: Failure): void => { report.errors.push({ name, code, message }) }

  for (let i = 0; report.errors.length === 0; i++) {
    // Several at once: what comes right behind one that fails is lost as well
    const results = await Promise.allSettled([0, 1, 2].map(j => write(3 * i + j)))
    for (const result of results) {
      result.status === 'fulfilled' ? report.before.push(result.value) : fail(result.reason)
    }
  }
  execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited'])
  report.isReadable = await read(report.before[0]) != null
  for (let i = 100_000; i < 100_010; i++) {
    await write(i).then(key => report.after.push(key), fail)
  }
  await close()
  return report
}

if (process.argv[2] != null) {
  process.send!(await run(JSON.parse(process.argv[2])))
  process.exit()
}
