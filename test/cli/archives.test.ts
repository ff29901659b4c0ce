import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { inspectBackup, verifyBackup } from '../../src/index.ts'
import { formatProgress } from '../../src/cli/progress.ts'
import { runCLI, useDirectories } from './helpers.ts'

describe('orbitdb-backup', () => {
  const createDirectory = useDirectories()
  const { createReplica } = useReplicas()
  let path: string
  let bytes: Uint8Array
  let address: string

  before(async () => {
    path = join(await createDirectory(), 'posts.car')
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('posts', { type: 'events' })
    for (let i = 0; i < 10; i++) await db.add(i)
    address = db.address
    bytes = await archive(db)
    await writeFile(path, bytes)
  })

  const toForeign = async (): Promise<Uint8Array> => {
    const block = dagCbor.encode({ hello: 'world' })
    const cid = CID.createV1(dagCbor.code, await sha256.digest(block))
    return writeCar([cid], [{ cid, bytes: block }])
  }

  /** What is no whole archive, and what all commands that read one say about it. */
  const broken: Record<string, [() => Uint8Array | Promise<Uint8Array>, RegExp]> = {
    'an empty file': [() => new Uint8Array(), /^error: The archive is empty\n$/],
    'a file that is no CAR': [() => Buffer.from('# Notes\n'.repeat(100)), /^error: Not an archive: .+\n$/],
    'a CAR of something else': [toForeign, /^error: .+\n$/],
    'a truncated archive': [() => bytes.subarray(0, -10), /^error: The archive is (not valid: .+)?truncated: .+\n$/i],
    'an archive that lacks its last block': [async () => {
      const { roots, blocks } = await readCar(bytes)
      return writeCar(roots, blocks.slice(0, -1))
    }, /^error: .+"zdpu\w+".+missing\n$|^error: .+ missing, such as "zdpu\w+"\n$/],
    'a damaged archive': [() => Uint8Array.from(bytes, (byte, i) => i === bytes.length - 1 ? byte ^ 1 : byte), /^error: .+ block "zdpu\w+" at byte \d+ does not match its hash\n$/]
  }

  for (const command of ['verify', 'inspect']) {
    describe(command, () => {
      for (const [name, [create, message]] of Object.entries(broken)) {
        it(`${command === 'verify' ? 'fails for' : 'fails, where it reads that, for'} ${name}, and says why`, async () => {
          const { code, stderr } = await runCLI([command], { input: await create() })
          // What is not read is not known to be damaged
          const isRead = command === 'verify' || !/truncated|last block|damaged/.test(name)
          strictEqual(code, isRead ? 5 : 0)
          match(stderr, isRead ? message : /^$/)
        })
      }

      it('fails for a file that is not there', async () => {
        const { code, stdout, stderr } = await runCLI([command, 'none.car'])
        deepStrictEqual({ code, stdout, stderr }, { code: 4, stdout: '', stderr: 'error: No file "none.car" is there\n' })
      })

      it('says for a CID what restores by one', async () => {
        const { root } = await inspectBackup(bytes)
        const { code, stderr } = await runCLI([command, String(root)])
        strictEqual(code, 4)
        match(stderr, new RegExp(`^error: No file "${root}" is there: it is a CID, by which restoreBackup of the library restores`))
      })

      it('accepts an archive whose blocks are in another order', async () => {
        const { roots, blocks } = await readCar(bytes)
        const { code, stdout, stderr } = await runCLI([command, '--json'], { input: await writeCar(roots, blocks.toReversed()) })
        deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
        deepStrictEqual(JSON.parse(stdout).root, (await inspectBackup(bytes)).root)
      })
    })
  }

  it('verify says that an archive is valid, in a word or in JSON or not at all', async () => {
    const { code, stdout, stderr } = await runCLI(['verify', path])
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    match(stdout, /posts\.car: valid, 1 database, 10 entries, root bafy\w+\n$/)
    deepStrictEqual(JSON.parse((await runCLI(['verify', path, '--json'])).stdout), await verifyBackup(bytes))
    const { code: quietCode, stdout: quietly } = await runCLI(['verify', path, '--quiet'])
    deepStrictEqual([quietCode, quietly], [0, ''])
  })

  it('verify tells all that is wrong', async () => {
    const { roots, blocks } = await readCar(bytes)
    const input = await writeCar(roots, [...blocks.slice(0, -2), ...(await readCar(await toForeign())).blocks])
    const { code, stdout } = await runCLI(['verify', '--json'], { input })
    const report = await verifyBackup(input)
    strictEqual(code, 5)
    deepStrictEqual(JSON.parse(stdout), report)
    const text = await runCLI(['verify'], { input })
    deepStrictEqual(text.stdout.split('\n').filter(line => line.startsWith('problem: ')), report.problems.map(({ message }) => `problem: ${message.split(': it is not on this node')[0]}`))
  })

  it('inspect shows what is in an archive', async () => {
    const { code, stdout, stderr } = await runCLI(['inspect', path, '--quiet'])
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    match(stdout, new RegExp(`: 1 database, format 1, root bafy\\w+\n\nposts\n +address +${address}\n +type +events\n +entries +10 entries, 1 head, clock 1 to 10\n +writers +[0-9a-f]{66}\n$`))
    deepStrictEqual(JSON.parse((await runCLI(['inspect', path, '--json'])).stdout), JSON.parse(JSON.stringify(await inspectBackup(bytes))))
  })

  it('shows how far it is on a terminal, and removes that when it is done', async function () {
    if (process.platform !== 'linux') this.skip()
    const cli = join(import.meta.dirname, '../../src/cli/index.ts')
    const onTerminal = async (...args: string[]) => {
      const command = [process.execPath, cli, 'verify', path, ...args].map(word => `'${word}'`).join(' ').replace("'>'", '>')
      return (await promisify(execFile)('script', ['-qec', command, '/dev/null'])).stdout
    }
    const output = await onTerminal()
    // On standard error: what is printed can be piped on
    const file = `${path}.txt`
    match(await onTerminal('>', file), /Reading/)
    match(await readFile(file, 'utf8'), /^[^\n]+posts\.car: valid[^\n]+\n$/)
    match(output, /Reading .+ \d+% .+ kB of .+ kB .+ [kM]B\/s .+ left/)
    match(output, /posts\.car: valid/)
    strictEqual(/Reading/.test(await onTerminal('--quiet')), false)
  })

  it('tells the rate and the time left', () => {
    const state = { label: 'Reading', unit: 'bytes', done: 5e6, start: 0 } as const
    strictEqual(formatProgress({ ...state, total: 20e6 }, progress => `[${progress}]`, 1000), 'Reading  [0.25] 25%  5.0 MB of 20.0 MB  5.0 MB/s  3 s left')
    strictEqual(formatProgress(state, () => '', 2000), 'Reading  5.0 MB  2.5 MB/s')
    strictEqual(formatProgress({ ...state, unit: 'blocks', done: 10, total: 1510 }, () => '[]', 1000), 'Reading  [] 0%  10 blocks of 1,510 blocks  10 blocks/s  2 min 30 s left')
  })

  it('has help for each command, with examples and what it exits with', async () => {
    const { stdout } = await runCLI(['--help'])
    const commands = [...stdout.matchAll(/^ {2}(\w+) .+\[options\]|^ {2}(\w+) \[options\]/gm)].map(([, a, b]) => a ?? b)
    deepStrictEqual(commands, ['create', 'restore', 'verify', 'inspect', 'list', 'dump', 'diff', 'merge', 'snapshot', 'patch'])
    for (const command of commands) {
      const help = await runCLI([command, '--help'])
      deepStrictEqual({ code: help.code, stderr: help.stderr }, { code: 0, stderr: '' })
      match(help.stdout, new RegExp(`Examples:\n  # .+\n  .*orbitdb-backup ${command}`))
      match(help.stdout, /Exit codes:\n +0 +done\n/)
      // A command's own options come first
      const groups = [...help.stdout.matchAll(/^(\S.+):$/gm)].map(([, group]) => group)
      const order = ['Arguments', 'Options', 'Where the node is', 'Limits', 'Output', 'Examples', 'Exit codes']
      deepStrictEqual(groups, order.filter(group => groups.includes(group)))
      ok(groups.includes('Output'))
    }
  })

  it('has the options that docs/CLI.md says, and no other', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/CLI.md'), 'utf8')
    const [, section] = /\n## Commands\n([^]+?)\n### /.exec(page)!
    const commands = [...section.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name)
    strictEqual(commands.length, 10)
    const helps = await Promise.all(commands.map(async command => (await runCLI([command, '--help'])).stdout))
    const options = new Set(helps.flatMap(help => [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option)))
    ok(options.size > 20)
    const named = new Set([...page.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option))
    deepStrictEqual([...options].filter(option => !named.has(option)), [])
    deepStrictEqual([...named].filter(option => !options.has(option)), [])
  })

  it('shows its help when no command is given, and fails when there is no such command', async () => {
    const none = await runCLI([])
    deepStrictEqual([none.code, /Usage: orbitdb-backup/.test(none.stderr)], [2, true])
    const unknown = await runCLI(['backup'])
    deepStrictEqual([unknown.code, unknown.stderr], [2, "error: unknown command 'backup'\n"])
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
    strictEqual((await runCLI(['--version'])).stdout, `${version}\n`)
  })
})
