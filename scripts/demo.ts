// Writes every package in a package-lock.json to a database, backs it up with the command line, deletes
// its nodes, restores it on a new node, and compares what is in it with the package-lock.json. Then it has a node pin a
// backup by its CID, deletes all others, and restores the databases from that CID:
//
//   npm run demo
//   npm run demo -- --packages ../another/package-lock.json
//
// The commands that it prints are those that it runs. See demo/steps.ts for how the rest is done.
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { createCommandLine } from './demo/command-line.ts'
import { format, formatSize, print, step } from './demo/output.ts'
import { pinBackup, restorePinned } from './demo/pinned.ts'
import { checkArchive, compare, deleteNodes, readPackages, write } from './demo/steps.ts'

const timeLimit = 5 * 60_000

async function demo (lockfile: string, directory: string): Promise<void> {
  const writers: [string, string] = [join(directory, 'first'), join(directory, 'second')]

  const packages = await readPackages(lockfile)
  const count = format(packages.length)
  print('Packages', `${count} in ${relative('', lockfile)}`)

  const address = await step('Write',
    onProgress => write(packages, writers, onProgress),
    async () => `${count} documents with the unpatched @orbitdb/core, as 2 writers on 2 nodes, first and second: ${await formatSize(directory)} on disk`)

  await command('Back up', 'create packages -d first -o packages.car')

  await command('Verify', 'verify packages.car')

  await command('Inspect', 'inspect packages.car --json', json => {
    const { heads, writers } = checkArchive(JSON.parse(json), address, packages)
    return `${count} entries (heads: ${heads}, writers: ${writers}) of the database that was written`
  })

  await step('Delete',
    () => deleteNodes(writers),
    () => 'both nodes: databases, blocks and private keys')

  await command('Restore', 'restore packages.car -d third')

  await step('Compare',
    () => compare(address, join(directory, 'third'), packages),
    () => `${count} documents with ${relative('', lockfile)}: all are the same`)

  // The second half: the backup is nothing but a CID
  const pinner = join(directory, 'pinner')
  const root = await step('Pin',
    onProgress => pinBackup(address, packages, join(directory, 'third'), pinner, onProgress),
    root => `a backup of that, and of documents that link to files, on another node, by pins.add(${root})`)

  await step('Delete',
    async () => {
      await deleteNodes([join(directory, 'third')])
      await rm(join(directory, 'packages.car'))
    },
    () => 'all but the node that has pinned it, and the archive')

  await step('Restore',
    onProgress => restorePinned(root, packages, join(directory, 'fourth'), pinner, onProgress),
    databases => `${databases} databases on a new node, from nothing but ${root}: all documents are the same`)
}

/** Runs a step that is a command: prints the command, and then what it printed. */
async function command (title: string, line: string, describe = (output: string) => output): Promise<void> {
  print(title, `$ orbitdb-backup ${line}`)
  await step('', () => commandLine.run(line), describe)
}

const { values: { packages: lockfile } } = parseArgs({
  options: { packages: { type: 'string', default: join(import.meta.dirname, '../package-lock.json') } }
})

const directory = mkdtempSync(join(tmpdir(), 'orbitdb-backup-demo-'))
const commandLine = createCommandLine(directory)

// However it ends, nothing is left behind
process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))

let isEnding = false

/** Ends the demo, once: a command that is stopped for it fails, which is no news. */
async function end (exitCode: number, error?: unknown): Promise<void> {
  if (isEnding) {
    return
  }
  isEnding = true
  if (error != null) {
    console.error('\nThe demo failed.', error)
  }
  await commandLine.stop()
  process.exit(exitCode)
}

// Not just once: npm passes a Ctrl-C on, which the terminal has sent here already
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => end(128 + constants.signals[signal]))
}

setTimeout(() => end(1, new Error(`It took longer than ${timeLimit / 60_000} minutes.`)), timeLimit).unref()

await demo(lockfile, directory).then(() => end(0), error => end(1, error))
