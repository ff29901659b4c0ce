// Hostile archives on the command line: it says what is wrong by its exit code, and nothing reaches the terminal raw.
import { deepStrictEqual, doesNotMatch, notStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { append, createLog, toArchive, toBlock } from './logs.ts'
import { useWorld } from './world.ts'
import { runCLI } from '../cli/helpers.ts'
import { exitCodes, exitOfCode } from '../../src/cli/errors.ts'
import type { HostileLog } from './logs.ts'

const control = '\u001b[2J\u009b31m\u202e\u2066\r\nverified: yes\u0007'

/** What databases are called, and how they are made of honest ones. */
const texts: Record<string, (log: HostileLog) => Promise<unknown>> = {
  'a name of escape codes': async log => { log.manifest = await toBlock({ ...dagCbor.decode<object>(log.manifest.bytes), name: control }) },
  'a type of escape codes': async log => { log.manifest = await toBlock({ ...dagCbor.decode<object>(log.manifest.bytes), type: control }) },
  'a name of 60,000 letters': async log => { log.manifest = await toBlock({ ...dagCbor.decode<object>(log.manifest.bytes), name: 'x'.repeat(60_000) }) },
  'an access controller of escape codes': async log => { log.manifest = await toBlock({ ...dagCbor.decode<object>(log.manifest.bytes), accessController: `/ipfs/${control}` }) }
}

describe('The command line, for hostile archives', () => {
  const world = useWorld()

  let directory: string
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-')) })
  afterEach(async () => rm(directory, { recursive: true, force: true }))

  const write = async (change: (log: HostileLog) => Promise<unknown>, toBytes = (bytes: Uint8Array) => bytes): Promise<string> => {
    const log = await createLog(world.ownerIdentity, 'name', { count: 0 })
    await change(log)
    await append(log, world.ownerIdentity)
    const file = join(directory, 'archive.car')
    await writeFile(file, toBytes(await toArchive([log])))
    return file
  }

  for (const [name, change] of Object.entries(texts)) {
    for (const command of ['inspect', 'verify']) {
      for (const options of [[], ['--json']]) {
        it(`${[command, ...options].join(' ')} prints ${name} escaped`, async () => {
          const { stdout, stderr } = await runCLI([command, await write(change), ...options])
          notStrictEqual(stdout + stderr, '')
          doesNotMatch(stdout + stderr, /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u)
          doesNotMatch(stdout + stderr, /^verified: yes/m)
          if (options.length === 0) doesNotMatch(stdout + stderr, /x{5000}/)
        })
      }
    }
  }

  describe('prints an entry of escape codes escaped:', () => {
    const value = { [control]: control, text: control + 'x'.repeat(10) }
    const add = async (log: HostileLog): Promise<unknown> => append(log, world.ownerIdentity, { payload: { op: 'ADD', key: null, value } })
    const commands: Record<string, (file: string) => string[]> = {
      dump: file => ['dump', file],
      'diff --hashes': file => ['diff', file, file, '--hashes'],
      'diff --json': file => ['diff', file, file, '--json'],
      'restore --dry-run': file => ['restore', file, '-d', join(directory, 'node'), '--dry-run'],
      restore: file => ['restore', file, '-d', join(directory, 'node')]
    }
    for (const [name, args] of Object.entries(commands)) {
      it(name, async () => {
        const file = await write(async log => {
          await texts['a name of escape codes'](log)
          await add(log)
        })
        const { code, stdout, stderr } = await runCLI(args(file))
        strictEqual(code, 0, stderr)
        doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u)
        doesNotMatch(stdout + stderr, /^verified: yes/m)
        // A record is a line, and gives back what was written
        if (name === 'dump') deepStrictEqual(stdout.trim().split('\n').map(line => JSON.parse(line).value).filter(value => typeof value === 'object'), [value])
      })
    }
  })

  const damages: Record<string, { code: string, toBytes: (bytes: Uint8Array) => Uint8Array }> = {
    'is cut off': { code: 'archive-truncated', toBytes: bytes => bytes.subarray(0, -20) },
    'is empty': { code: 'archive-empty', toBytes: bytes => bytes.subarray(0, 0) },
    'is something else': { code: 'not-an-archive', toBytes: () => new TextEncoder().encode('<html>') },
    'has a bit flipped': { code: 'block-damaged', toBytes: bytes => bytes.with(-30, bytes.at(-30)! ^ 1) }
  }
  for (const [name, { code, toBytes }] of Object.entries(damages)) {
    it(`verify and restore exit with the code of ${code} where one ${name}`, async () => {
      const file = await write(async () => {}, toBytes)
      for (const args of [['verify', file], ['restore', file, '-d', join(directory, 'node')]]) {
        const { code: exit, stderr, stdout } = await runCLI(args)
        strictEqual(exit, exitCodes[exitOfCode[code as keyof typeof exitOfCode]], `${args[0]}: ${stdout}${stderr}`)
      }
    })
  }
})
