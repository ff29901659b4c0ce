// Runs ways on a dataset, round by round.
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { readSource } from './compare.ts'
import { startProcess } from './processes.ts'
import { copyNode } from './programs.ts'
import { aspects } from './way.ts'
import type { Source } from './compare.ts'
import type { Dataset } from './dataset.ts'
import type { Aspect, DatasetResults, Round, Way, WayResults } from './way.ts'

/** Gives a function a temporary directory, and removes it however it ends. */
export async function withDirectory<Result> (use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
  try {
    return await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** The bytes of all files in a directory. */
async function sizeOf (directory: string): Promise<number> {
  const files = (await readdir(directory, { withFileTypes: true, recursive: true })).filter(entry => entry.isFile())
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * Measures ways on a dataset.
 *
 * @param isQuick - whether it is to be over soon, so that times mean nothing: ways are run side by side, each in one process
 * @throws Error when a way fails, or loses what it must not.
 */
export const measureWays = (dataset: Dataset, ways: Way[], rounds: number, isQuick: boolean): Promise<DatasetResults> => withDirectory(async directory => {
  const { directory: node, address, ...description } = dataset
  const source = join(directory, 'source')
  await copyNode(node, source)
  const nodeBytes = await sizeOf(source)
  const compared = await readSource(dataset, source)

  const results = ways.map(({ name, about, orbitdb, reads, checks }): WayResults => ({ name, about, orbitdb, reads, checks, rounds: [] }))
  for (let round = 1; round <= rounds; round++) {
    const queue = new PQueue({ concurrency: isQuick ? availableParallelism() : 1 })
    await queue.addAll(results.map((result, i) => async () => {
      console.error(`${dataset.name}, round ${round}: ${result.name}`)
      result.rounds.push(await measureOnce(dataset, ways[i], compared, isQuick))
    }))
  }
  for (const [i, way] of results.entries()) {
    way.same = sameIn(way.rounds)
    const lost = lostOf(ways[i], way)
    if (lost.length > 0) throw new Error(`${way.name} lost what it should not: ${lost.join(', ')}`)
  }
  return { ...description, nodeBytes, ways: results }
})

/** What was the same each time. */
function sameIn (rounds: Round[]): WayResults['same'] {
  if (rounds[0]?.same == null) return undefined
  return Object.fromEntries(aspects.map(aspect => [aspect, rounds.every(({ same }) => same![aspect])])) as Record<Aspect, boolean>
}

/** What a way lost though it must not. */
export function lostOf ({ keeps = [] }: Pick<Way, 'keeps'>, { same }: Pick<WayResults, 'same'>): Aspect[] {
  return keeps.filter(aspect => same?.[aspect] !== true)
}

/** Backs up and restores once, each in a process of its own. */
const measureOnce = (dataset: Dataset, way: Way, compared: Source, isQuick: boolean): Promise<Round> => withDirectory(async directory => {
  const [source, artifact, target] = ['source', 'artifact', 'target'].map(name => join(directory, name))
  const backup = { dataset, source, artifact }
  await copyNode(dataset.directory, source)
  await mkdir(artifact)
  await mkdir(target)
  await way.prepare?.(dataset)

  const processes = [startProcess('phases')]
  try {
    const taken = way.backup == null ? {} : { backup: await processes[0].call('backUp', way.name, backup), artifactBytes: await sizeOf(artifact) }
    const peer = way.isLive === true ? await processes[0].call('serve', dataset, source) : undefined
    if (!isQuick || peer != null) processes.push(startProcess('phases'))
    return { ...taken, ...await processes.at(-1)!.call('restore', way.name, { ...backup, target, peer }, compared) }
  } finally {
    for (const process of processes) await process.stop()
  }
})
