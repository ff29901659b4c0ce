// Databases of unusual sizes: large entries, many heads, many databases, large archives
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBackup, Log, restoreBackup, verifyBackup } from '../../src/index.ts'
import { runCLI } from '../cli/helpers.ts'
import { startNode } from './nodes.ts'
import type { AnyDB, RunningNode } from './nodes.ts'
import type { Database } from '../../src/index.ts'

export interface Size {
  name: string
  /** Writes it, and returns the databases to back up. */
  write: (node: RunningNode) => Promise<AnyDB[]>
}

const open = (node: RunningNode, name: string): Promise<AnyDB> => node.orbitdb.open(name, { sync: false })

/** Bytes that can not be compressed, the same for the same seed. */
function bytesOf (seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let block = createHash('sha256').update(seed).digest()
  for (let at = 0; at < length; at += block.length) {
    bytes.set(block.subarray(0, length - at), at)
    if (at % 65536 === 0) block = createHash('sha256').update(block).digest()
  }
  return bytes
}

/** One database of entries of some bytes each. */
export const largeEntries = (count: number, bytes: number): Size => ({
  name: `${count} entries of ${bytes} bytes`,
  write: async node => {
    const db = await open(node, 'large')
    for (let i = 0; i < count; i++) await db.add(bytesOf(String(i), bytes))
    return [db]
  }
})

/** One database with heads that were written at the same time. */
export const manyHeads = (count: number): Size => ({
  name: `${count} heads`,
  write: async node => {
    const db = await open(node, 'heads')
    for (let i = 0; i < count; i++) {
      const log = await Log<any>(node.orbitdb.identity, { logId: db.address, entryStorage: db.log.storage })
      await db.log.joinEntry(await log.append({ op: 'ADD', key: null, value: i }))
    }
    return [db]
  }
})

/** Many databases of one entry each. */
export const manyDatabases = (count: number): Size => ({
  name: `${count} databases`,
  write: async node => {
    const dbs: AnyDB[] = []
    for (let i = 0; i < count; i++) {
      const db = await open(node, `database ${i}`)
      await db.add(i)
      dbs.push(db)
    }
    return dbs
  }
})

/** Has the command line back up, verify and restore many databases, which an app can not have open all at once. */
export async function measureDatabases (directory: string, count: number): Promise<Measured> {
  const node = join(directory, 'node')
  const file = join(directory, 'archive.car')
  const source = await startNode(node)
  const write = await time(async () => {
    for (let i = 0; i < count; i++) {
      const db = await open(source, `database ${i}`)
      await db.add(i)
      await db.close()
    }
  })
  await source.stop()
  const run = async (...args: string[]): Promise<number> => time(async () => {
    const { code, stderr } = await runCLI(args)
    if (code !== 0) throw new Error(`"${args[0]}" exits with ${code}: ${stderr}`)
  })
  const create = await run('create', '--all', '-d', node, '-o', file)
  const verify = await run('verify', file)
  const restore = await run('restore', file, '-d', join(directory, 'target'))
  const { databases } = JSON.parse((await runCLI(['list', '-d', join(directory, 'target'), '--json'])).stdout) as { databases: Array<{ entries: number }> }
  const whole = databases.filter(({ entries }) => entries === 1).length
  if (whole !== count) throw new Error(`${whole} of ${count} databases are restored`)
  return { name: `${count} databases, by the command line`, archiveBytes: (await stat(file)).size, write, create, verify, restore }
}

export interface Measured {
  name: string
  archiveBytes: number
  /** Seconds. */
  write: number
  create: number
  verify: number
  restore: number
  /** Bytes, of this process in all. */
  peakMemory?: number
}

async function time (fn: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await fn()
  return Math.round((performance.now() - start) / 100) / 10
}

/** Writes, backs up, verifies and restores, and fails unless what was restored is what was written. */
export async function measureSize (directory: string, { name, write }: Size): Promise<Measured> {
  const source = await startNode(join(directory, 'source'))
  const file = join(directory, 'archive.car')
  let dbs: AnyDB[] = []
  const written = await time(async () => { dbs = await write(source) })
  const created = await time(() => pipeline(createBackup(dbs), createWriteStream(file)))
  const contents = new Map<string, string>()
  const read = async (db: AnyDB): Promise<string> => {
    const { heads, index } = await db.log.export()
    return JSON.stringify([heads.map(({ hash }: { hash: string }) => hash).sort(), [...index.keys()].sort()])
  }
  for (const db of dbs) contents.set(db.address, await read(db))
  await source.stop()

  const verified = await time(async () => {
    const { problems } = await verifyBackup(createReadStream(file))
    if (problems.length > 0) throw new Error(`The archive has problems: ${JSON.stringify(problems[0])}`)
  })
  const target = await startNode(join(directory, 'target'))
  let databases: AnyDB[] = []
  const restored = await time(async () => {
    databases = [await restoreBackup<Database | Database[]>(target.orbitdb, createReadStream(file), { sync: false })].flat()
  })
  if (databases.length !== contents.size) throw new Error(`${databases.length} of ${contents.size} databases are restored`)
  for (const db of databases) {
    if (await read(db) !== contents.get(db.address)) throw new Error(`"${db.name}" is not what it was`)
  }
  await target.stop()
  return {
    name,
    archiveBytes: (await stat(file)).size,
    write: written,
    create: created,
    verify: verified,
    restore: restored,
    peakMemory: process.resourceUsage().maxRSS * 1024
  }
}
