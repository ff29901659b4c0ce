import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import * as stock from '@orbitdb/core-stock'
import { FsBlockstore } from 'blockstore-fs'
import { LevelBlockstore } from 'blockstore-level'
import { FsDatastore } from 'datastore-fs'
import { LevelDatastore } from 'datastore-level'
import { createHeliaLight } from 'helia'
import { Level } from 'level'
import { read } from '../helpers/backups.ts'
import { createNode } from '../helpers/node.ts'
import { bundle } from '../../scripts/bundle.ts'
import type { ChildProcess } from 'node:child_process'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { DatabaseFactory, OrbitDB } from '../../src/index.ts'

/** Builds the command line, which starts several times faster then than from its sources. */
async function buildCLI (): Promise<string> {
  const parent = join(import.meta.dirname, '../../.tmp')
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'cli-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  await bundle(directory)
  // Some tests run it as another user
  await chmod(directory, 0o755)
  return join(directory, 'cli.js')
}

/** The command line, as it is built. */
export const cli = await buildCLI()

export interface Result {
  code: number | null
  stdout: string
  stderr: string
  /** Standard output, as it was */
  bytes: Uint8Array
}

export interface RunOptions {
  cwd?: string
  /** What to pipe in */
  input?: Uint8Array
  env?: NodeJS.ProcessEnv
  /** A command that runs it */
  wrapper?: string[]
  /** A module to load first, which makes something go wrong */
  preload?: string
  /** Called when the command runs */
  onStart?: (child: ChildProcess) => void
}

/** Runs the command line as a child process, not on a terminal. */
export async function runCLI (args: string[], { cwd, env, wrapper = [], input, preload, onStart }: RunOptions = {}): Promise<Result> {
  const imports = preload == null ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
  const [command, ...rest] = [...wrapper, process.execPath, ...imports, cli, ...args]
  const child = spawn(command, rest, { cwd, env })
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  child.stdout.on('data', data => output.stdout.push(data))
  child.stderr.on('data', data => output.stderr.push(data))
  child.stdin.on('error', () => {})
  if (onStart == null || input != null) child.stdin.end(input)
  onStart?.(child)
  const [code] = await once(child, 'close')
  const bytes = Buffer.concat(output.stdout)
  return { code, stdout: bytes.toString(), stderr: Buffer.concat(output.stderr).toString(), bytes }
}

/** Gives the tests of a file directories, which are removed after its last test. */
export function useDirectories () {
  const directories: string[] = []
  const createDirectory = async (copyOf?: string): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-cli-'))
    directories.push(directory)
    if (copyOf != null) await cp(copyOf, directory, { recursive: true })
    return directory
  }
  after(async () => {
    for (const directory of directories) await rm(directory, { recursive: true, force: true })
  })
  return createDirectory
}

/** All that is in a directory, by its path: each key of each LevelDB, and the other files. */
export async function readAll (directory: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  const visit = async (path: string): Promise<void> => {
    const entries = await readdir(join(directory, path), { withFileTypes: true })
    const isLevel = entries.some(({ name }) => name === 'CURRENT')
    if (isLevel) {
      const db = new Level<string, Uint8Array>(join(directory, path), { valueEncoding: 'view' })
      for await (const [key, value] of db.iterator()) all[`${path}:${key}`] = digest(value)
      await db.close()
    }
    for (const entry of entries) {
      if (entry.isDirectory()) {
        all[`${path}/${entry.name}/`] = ''
        await visit(`${path}/${entry.name}`)
      } else if (!isLevel) {
        all[`${path}/${entry.name}`] = digest(await readFile(join(directory, path, entry.name)))
      }
    }
  }
  await visit('')
  return all
}

/** Runs a function with the unpatched OrbitDB on a node, and stops both. */
export async function withOrbitDB<Value> (directory: string, fn: (orbitdb: OrbitDB) => Promise<Value>, stores: 'level' | 'fs' = 'level'): Promise<Value> {
  if (stores === 'fs') {
    return withStores(directory, { blockstore: new FsBlockstore(join(directory, 'blocks')), datastore: new FsDatastore(join(directory, 'data')) }, fn)
  }
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await stock.createOrbitDB({ ipfs, directory: join(directory, 'orbitdb'), id: 'writer' })
  try {
    return await fn(orbitdb)
  } finally {
    await orbitdb.stop()
    await ipfs.stop()
  }
}

interface Stores {
  blockstore: LevelBlockstore | FsBlockstore
  datastore: LevelDatastore | FsDatastore
  /** Closes what the stores leave open. */
  close?: () => Promise<unknown>
}

/** Does the same with stores of any kind. */
export async function withStores<Value> (directory: string, { blockstore, datastore, close }: Stores, fn: (orbitdb: OrbitDB) => Promise<Value>): Promise<Value> {
  const node = await createNode()
  await blockstore.open()
  await datastore.open()
  const helia = await createHeliaLight({ blockstore, datastore, codecs: [dagCbor] }).start()
  const ipfs = { libp2p: node.libp2p, blockstore: helia.blockstore, pins: helia.pins, gc: () => helia.gc() }
  const orbitdb = await stock.createOrbitDB({ ipfs, directory: join(directory, 'orbitdb'), id: 'writer' })
  try {
    return await fn(orbitdb)
  } finally {
    await orbitdb.stop()
    await helia.stop()
    await node.stop()
    await blockstore.close()
    await datastore.close()
    await close?.()
  }
}

/** The databases of the node that the tests of the command line use. */
export interface Fixture {
  /** Addresses by name: that of `team`'s access controller is `access`. */
  addresses: Record<'posts' | 'settings' | 'team' | 'access', string>
}

export const indexed = { Database: stock.KeyValueIndexed() as DatabaseFactory<any> }

/** Has the unpatched OrbitDB write a log, a KeyValueIndexed, and documents whose access controller is a database. */
export async function writeFixture (orbitdb: OrbitDB): Promise<Fixture> {
  const posts = await orbitdb.open('posts', { type: 'events' })
  for (let i = 0; i < 20; i++) await posts.add(`post ${i}`)
  const settings = await orbitdb.open('settings', { type: 'keyvalue', ...indexed })
  for (const key of ['one', 'two', 'gone']) await settings.put(key, { key })
  await settings.del('gone')
  const team = await orbitdb.open('team', { type: 'documents', AccessController: stock.OrbitDBAccessController() })
  await (team.access as any).grant('write', 'somebody')
  await team.put({ _id: 'first' })
  return { addresses: { posts: posts.address, settings: settings.address, team: team.address, access: team.access.address } }
}

/** Reads databases of the fixture with the unpatched OrbitDB. */
export async function readDatabases (orbitdb: OrbitDB, { posts, settings, team }: Partial<Fixture['addresses']>) {
  const openAndRead = async (address: string | undefined, options = {}) => {
    return address == null ? undefined : read(await orbitdb.open(address, options) as IterableDatabase)
  }
  return {
    posts: await openAndRead(posts),
    settings: await openAndRead(settings, indexed),
    team: await openAndRead(team)
  }
}
