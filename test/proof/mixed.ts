/**
 * Replicas that write, sync, back up, restore, drop, collect garbage, restart and are killed, as a seed
 * says. What was written on a replica and not dropped there must be there, at every moment.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingIn } from './contents.ts'
import { names } from './nodes.ts'
import { createRandom } from './random.ts'
import type { ChildProcess } from 'node:child_process'
import type { Contents } from './contents.ts'
import type { Addresses, Core, Name } from './nodes.ts'
import type { Base, Methods } from './replica.ts'

/** Hashes of entries of each database. */
type Hashes = Record<Name, Set<string>>

const nothing = (): Hashes => ({ posts: new Set(), settings: new Set(), team: new Set() })

function addAll (to: Hashes, from: Hashes): void {
  for (const name of names) from[name].forEach(hash => to[name].add(hash))
}

class KilledError extends Error {}

type Call = <M extends keyof Methods>(method: M, ...args: Parameters<Methods[M]>) => Promise<Awaited<ReturnType<Methods[M]>>>

interface Running {
  core: Core
  call: Call
  isGone: () => boolean
  kill: () => Promise<void>
}

const script = fileURLToPath(import.meta.resolve('./replica.ts'))

/** Starts a replica. */
async function startReplica (directory: string, core: Core): Promise<Running> {
  const log = await open(`${directory}.log`, 'w')
  const child: ChildProcess = fork(script, [directory, core], { stdio: ['ignore', log.fd, log.fd, 'ipc'] })
  await log.close()
  const calls = new Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>()
  let count = 0
  let isGone = false
  const gone = once(child, 'close').then(() => {
    isGone = true
    for (const { reject } of calls.values()) reject(new KilledError('The process has ended'))
  })
  await Promise.race([once(child, 'message'), gone])
  if (isGone) throw new Error('The replica does not start')
  child.on('message', ({ id, result, error }: { id: number, result: unknown, error?: string }) => {
    const { resolve, reject } = calls.get(id)!
    calls.delete(id)
    error == null ? resolve(result) : reject(new Error(error))
  })
  const call = (method: string, ...args: unknown[]): Promise<any> => new Promise((resolve, reject) => {
    if (isGone) return reject(new KilledError('The process has ended'))
    calls.set(count, { resolve, reject })
    child.send({ id: count++, method, args })
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
  }
  return { core, call: call as Call, isGone: () => isGone, kill }
}

interface Replica {
  directory: string
  running: Running
  /** What was written or restored here, and not dropped since. */
  has: Hashes
  /** How often something was dropped. */
  drops: number
}

/** An archive, what it is based on, and what has to be in all of it. */
interface Archive {
  parts: Base[]
  has: Hashes
  /** Where there is a snapshot among the parts: the replica that has it, and how often it had dropped something by then. */
  replica?: Replica
  drops?: number
}

/** How many archives there are at most, each of what is new since the one before. */
const maxParts = 5

export interface MixedOptions {
  directory: string
  seed: number
  replicas?: number
  /** Whether to go on after so many rounds. */
  isOver: (rounds: number) => boolean
  onFault: (fault: string) => void
  /** How many rounds until all are compared. */
  checkEvery?: number
}

/** What was covered. */
export type Counts = Record<string, number>

/** Runs rounds until it is over, and returns how often each thing was done. */
export async function runMixed ({ directory, seed, replicas: count = 3, isOver, onFault, checkEvery = 8 }: MixedOptions): Promise<Counts> {
  const { below, pick } = createRandom(seed)
  const counts: Counts = {}
  const replicas: Replica[] = []
  const archives: Archive[] = []
  const written = nothing()
  let addresses: Addresses
  let rounds = 0

  let files = 0
  const createPath = (replica: Replica): string => join(directory, `${files++}-${replicas.indexOf(replica)}.car`)
  const did = (what: string): void => { counts[what] = (counts[what] ?? 0) + 1 }
  const where = (replica: Replica): string => `round ${rounds}, replica ${replicas.indexOf(replica)} (${replica.running.core})`

  const connect = async (replica: Replica): Promise<void> => {
    for (const other of replicas) {
      if (other === replica) continue
      try {
        await replica.running.call('dial', await other.running.call('multiaddrs'))
      } catch {
        // It has just been killed, or stops
      }
    }
  }

  /** Says what failed, but for what failed as the process was killed. */
  const attempt = async (replica: Replica, what: string, fn: () => Promise<unknown>): Promise<boolean> => {
    try {
      await fn()
      did(what)
      return true
    } catch (error) {
      if (!(error instanceof KilledError)) onFault(`${where(replica)}: ${what} failed: ${(error as Error).message}`)
      return false
    }
  }

  const start = async (replica: Replica, core: Core): Promise<void> => {
    replica.running = await startReplica(replica.directory, core)
    await connect(replica)
    await attempt(replica, 'open', () => replica.running.call('open', addresses))
  }

  /** Says that a process ended that nobody killed, and starts it again. */
  const restartCrashed = async (replica: Replica): Promise<void> => {
    const log = (await readFile(`${replica.directory}.log`, 'utf8')).slice(-2000)
    onFault(`${where(replica)}: the process ended by itself: ${log}`)
    await start(replica, 'ours')
  }

  const check = async (replica: Replica): Promise<Record<string, Contents>> => {
    if (replica.running.isGone()) await restartCrashed(replica)
    const contents: Record<string, Contents> = {}
    for (const [name, read] of Object.entries(await replica.running.call('read'))) {
      if (replica.running.core === 'ours') {
        for (const fault of read.faults) onFault(`${where(replica)}: "${name}": ${fault}`)
      }
      const lost = missingIn(read.contents.entries, replica.has[name as Name])
      if (lost.length > 0) onFault(`${where(replica)}: "${name}" lost ${lost.length} of ${replica.has[name as Name].size} entries`)
      contents[name] = read.contents
    }
    did('check')
    return contents
  }

  const actions: Record<string, (replica: Replica) => Promise<() => Promise<unknown>>> = {
    write: async replica => {
      const name = pick(names)
      const texts = Array.from({ length: 1 + below(8) }, (_, i) => `${seed} ${rounds} ${i} ${'.'.repeat(below(200))}`)
      return async () => {
        for (const text of texts) {
          const hash = await replica.running.call('write', name, text)
          replica.has[name].add(hash)
          written[name].add(hash)
        }
      }
    },
    'back up': async replica => {
      const path = createPath(replica)
      return async () => {
        const has = nothing()
        addAll(has, replica.has)
        const problems = await replica.running.call('backUp', path, [])
        if (problems.length > 0) onFault(`${where(replica)}: the archive has problems: ${JSON.stringify(problems)}`)
        archives.push({ parts: [{ path }], has })
      }
    },
    'back up what is new': async replica => {
      const path = createPath(replica)
      const at = below(1000)
      return async () => {
        const bases = archives.filter(({ parts, replica }) => replica == null && parts.length < maxParts)
        if (bases.length === 0) return
        const { parts } = bases[at % bases.length]
        const has = nothing()
        addAll(has, replica.has)
        const problems = await replica.running.call('backUp', path, parts)
        if (problems.length > 0) onFault(`${where(replica)}: the archive and its bases have problems: ${JSON.stringify(problems)}`)
        archives.push({ parts: [...parts, { path }], has })
      }
    },
    'back up what is new since a snapshot': async replica => {
      const path = createPath(replica)
      const name = pick(names)
      return async () => {
        const { drops } = replica
        const root = await replica.running.call('snapshot')
        const hash = await replica.running.call('write', name, `${seed} ${rounds} since`)
        replica.has[name].add(hash)
        written[name].add(hash)
        const has = nothing()
        addAll(has, replica.has)
        await replica.running.call('backUp', path, [{ root }])
        archives.push({ parts: [{ root }, { path }], has, replica, drops })
      }
    },
    restore: async replica => {
      const at = below(1000)
      return async () => {
        // A snapshot has the lists alone: entries may be gone that were dropped
        const usable = archives.filter(archive => archive.replica == null || (archive.replica === replica && archive.drops === replica.drops))
        if (usable.length === 0) return
        const { parts, has } = usable[at % usable.length]
        await replica.running.call('restore', parts)
        if (parts.length > 1) did('restore of several')
        addAll(replica.has, has)
      }
    },
    'collect garbage': async replica => () => replica.running.call('gc'),
    disconnect: async replica => async () => {
      await replica.running.call('hangUp')
      await connect(replica)
    },
    drop: async replica => {
      const name = pick(names)
      return async () => {
        // What comes while it is dropped may go or stay
        replica.has[name].clear()
        replica.drops++
        await replica.running.call('drop', addresses, name)
      }
    },
    restart: async replica => {
      const core: Core = below(4) === 0 ? 'stock' : 'ours'
      return async () => {
        await replica.running.call('stop')
        await replica.running.kill()
        await start(replica, core)
      }
    }
  }
  const usual = ['write', 'write', 'write', 'write', 'back up', 'back up what is new', 'back up what is new since a snapshot', 'restore', 'restore', 'restore', 'collect garbage', 'disconnect', 'drop', 'restart']
  const forOurs = new Set(['back up', 'back up what is new', 'back up what is new since a snapshot', 'restore'])

  /** Does something, and may kill the replica meanwhile. */
  const act = async (replica: Replica): Promise<void> => {
    const name = pick(usual)
    const kills = name !== 'restart' && below(5) === 0
    const after = below(150)
    const action = await actions[name](replica)
    if (replica.running.isGone()) await restartCrashed(replica)
    if (replica.running.core === 'stock' && forOurs.has(name)) return
    const timer = kills ? setTimeout(() => replica.running.kill().catch(() => {}), after) : undefined
    await attempt(replica, name, action)
    if (kills) {
      clearTimeout(timer)
      await replica.running.kill()
      did(`kill in ${name}`)
      await start(replica, 'ours')
    }
  }

  /** Brings everything to all, and compares them. */
  const converge = async (): Promise<void> => {
    const brought: Archive[] = []
    for (const replica of replicas) {
      if (replica.running.core === 'stock') {
        await replica.running.call('stop')
        await replica.running.kill()
        await start(replica, 'ours')
      }
      const action = brought.length === 0 ? 'back up' : 'back up what is new'
      if (await attempt(replica, action, await actions[action](replica))) brought.push(archives.at(-1)!)
    }
    for (const replica of replicas) {
      for (const { parts, has } of brought) {
        if (await attempt(replica, parts.length > 1 ? 'restore of several' : 'restore', () => replica.running.call('restore', parts))) addAll(replica.has, has)
      }
    }
    const all = await Promise.all(replicas.map(check))
    const known = nothing()
    for (const { has } of brought) addAll(known, has)
    for (const [i, replica] of replicas.entries()) {
      for (const name of names) {
        const lost = missingIn(all[i][name].entries, known[name])
        if (lost.length > 0) onFault(`${where(replica)}: "${name}" lacks ${lost.length} of ${known[name].size} entries that another has`)
        const isSame = String(all[i][name].entries) === String(all[0][name].entries)
        if (isSame && JSON.stringify(all[i][name].records) !== JSON.stringify(all[0][name].records)) {
          onFault(`${where(replica)}: "${name}" has the same entries as replica 0, and other records`)
        }
      }
    }
    did('compare all')
    archives.splice(0, Math.max(0, archives.length - 20))
  }

  for (let i = 0; i < count; i++) {
    const path = join(directory, `replica-${i}`)
    await mkdir(path, { recursive: true })
    replicas.push({ directory: path, running: await startReplica(path, 'ours'), has: nothing(), drops: 0 })
  }
  try {
    addresses = await replicas[0].running.call('create', await Promise.all(replicas.map(({ running }) => running.call('identity'))))
    for (const replica of replicas) {
      await connect(replica)
      await replica.running.call('open', addresses)
    }
    while (!isOver(rounds)) {
      rounds++
      await Promise.all(replicas.filter(() => below(3) > 0).map(act))
      await check(pick(replicas))
      if (rounds % checkEvery === 0) await converge()
    }
    await converge()
  } finally {
    await Promise.all(replicas.map(({ running }) => running.kill()))
  }
  return { rounds, 'entries written': names.reduce((sum, name) => sum + written[name].size, 0), ...counts }
}
