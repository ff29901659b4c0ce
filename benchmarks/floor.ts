// How fast could a backup and a restore be at best, and how fast are they?
//
//   npm run bench:floor -- [--entries <n>] [--rounds <n>] [--results <dir>]      100000 and 3 by default
//
// What a backup and a restore can not do without, git, which does as much with as many commits and links, and what this package takes:
// each in a process of its own, in turns, and in the other order in every other round.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { getDataset } from './dataset.ts'
import { withDirectory } from './measure.ts'
import { medianOf } from './numbers.ts'
import { operate } from './processes.ts'
import { bundle, clone, copyNode, getRepository } from './programs.ts'
import { toFloorTable } from './tables.ts'
import { take } from './take.ts'
import type { FloorResults } from './tables.ts'
import type { Taken } from './take.ts'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' }, results: { type: 'string' } } })
const entries = Number(values.entries)
const rounds = Number(values.rounds)
const dataset = await getDataset({ entries, writers: 1 })
const { address, entryBytes } = dataset
const repository = await getRepository(dataset)

const all: Record<string, Taken[]> = {}
for (let round = 0; round < rounds; round++) {
  await withDirectory(async directory => {
    const at = (name: string): string => join(directory, name)
    const [node, file, repositoryBundle, archive] = ['node', 'blocks', 'repository.bundle', 'archive.car'].map(at)
    await copyNode(dataset.directory, node)
    const inTurns = async (operations: Record<string, () => Promise<Taken>>): Promise<void> => {
      for (const name of Object.keys(operations)) all[name] ??= []
      const turns = Object.entries(operations)
      for (const [name, operation] of round % 2 === 0 ? turns : turns.reverse()) all[name].push(await operation())
    }
    await inTurns({
      'floor of a backup': () => operate('backUpAtBest', [node, file]),
      'git bundle create': () => take(() => bundle(repository, repositoryBundle)),
      create: () => operate('create', [node, address, archive])
    })
    await inTurns({ 'increment of 100': () => operate('create', [node, address, at('more.car'), { base: archive, more: 100 }]) })
    await inTurns({
      'floor of a restore': () => operate('restoreAtBest', [file, at('floor')]),
      'signatures, addon': () => operate('checkSignatures', ['addon', entries, entryBytes]),
      'signatures, WebAssembly': () => operate('checkSignatures', ['WebAssembly', entries, entryBytes]),
      'git clone': () => take(() => clone(repositoryBundle, at('repository'))),
      'restore, nothing verified': () => operate('restore', [archive, at('restored')]),
      'restore, addon': () => operate('restore', [archive, at('addon'), 'addon']),
      'restore, WebAssembly': () => operate('restore', [archive, at('WebAssembly'), 'WebAssembly'])
    })
  })
}

const taken = Object.fromEntries(Object.entries(all).map(([name, all]) => [name, { wall: medianOf(all, ({ wall }) => wall)!, cpu: medianOf(all, ({ cpu }) => cpu)! }]))
const results: FloorResults = { date: new Date().toISOString(), entries, entryBytes, rounds, taken }
console.log(toFloorTable(results))
if (values.results != null) await writeFile(join(values.results, 'floor.json'), `${JSON.stringify(results, null, 2)}\n`)
process.exit()
