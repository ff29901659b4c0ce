// Writes every package in a package-lock.json to a database, backs it up, deletes its nodes, restores
// it on a new node, and compares what is in it with the package-lock.json:
//
//   npm run demo
//   npm run demo -- --packages ../another/package-lock.json
//
// See demo/steps.ts for how it is done.
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { format, formatSize, print, step } from './demo/output.ts'
import { backUp, compare, deleteNodes, readPackages, restore, write } from './demo/steps.ts'

const timeLimit = 5 * 60_000

async function demo (lockfile: string, directory: string): Promise<void> {
  const writers: [string, string] = [join(directory, 'first'), join(directory, 'second')]
  const reader = join(directory, 'third')
  const archive = join(directory, 'packages.car')

  const packages = await readPackages(lockfile)
  const count = format(packages.length)
  print('Packages', `${count} in ${relative('', lockfile)}`)

  const address = await step('Write',
    onProgress => write(packages, writers, onProgress),
    async () => `${count} documents with the unpatched @orbitdb/core, as 2 writers on 2 nodes: ${await formatSize(directory)} on disk`)

  await step('Back up',
    () => backUp(address, writers[0], archive),
    async ({ root, entries, heads, writers }) => `${format(entries)} entries (heads: ${heads}, writers: ${writers}) of the first node: ${await formatSize(archive)} of CAR, root ${root}`)

  await step('Delete',
    () => deleteNodes(writers),
    () => 'both nodes: databases, blocks and private keys')

  await step('Restore',
    onProgress => restore(archive, reader, onProgress),
    async () => `on a new node, with another identity: ${await formatSize(reader)} on disk`)

  await step('Compare',
    () => compare(address, reader, packages),
    () => `${count} documents with ${relative('', lockfile)}: all are the same`)
}

const { values: { packages: lockfile } } = parseArgs({
  options: { packages: { type: 'string', default: join(import.meta.dirname, '../package-lock.json') } }
})

const directory = mkdtempSync(join(tmpdir(), 'orbitdb-backup-demo-'))

// However it ends, nothing is left behind
process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
// Not just once: npm passes a Ctrl-C on, which the terminal has sent here already
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]))
}

const fail = (error: unknown): never => {
  console.error('\nThe demo failed.', error)
  process.exit(1)
}
setTimeout(() => fail(new Error(`It took longer than ${timeLimit / 60_000} minutes.`)), timeLimit).unref()

await demo(lockfile, directory).then(() => process.exit(), fail)
