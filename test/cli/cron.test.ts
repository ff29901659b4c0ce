// The script of docs/CLI.md for every night, as cron runs it, but for its folders and the days.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeBlocksOf } from '../helpers/markdown.ts'
import { cli, readDatabases, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { Fixture } from './helpers.ts'
import type { Events } from '../../src/index.ts'

const describeOnPosix = process.platform === 'win32' ? describe.skip : describe

describeOnPosix('The script of docs/CLI.md for every night', () => {
  const createDirectory = useDirectories()
  let node: string
  let addresses: Fixture['addresses']
  /** Where archives are. */
  let backups: string
  /** What the script calls, and what it has called. */
  let bin: string
  let calls: string
  let script: string

  before(async () => {
    node = await createDirectory();
    ({ addresses } = await withOrbitDB(node, writeFixture))
    const parent = await createDirectory()
    ;[backups, bin, calls, script] = ['backups', 'bin', 'calls', 'script'].map(name => join(parent, name))
    await mkdir(bin)
    const programs = {
      systemctl: `echo "$*" >> '${calls}'`,
      date: 'case "$1" in +%Y-%m) echo "$DAY" | cut -c1-7;; +%F) echo "$DAY";; *) exit 1;; esac',
      'orbitdb-backup': `[ "$1" != verify ] || echo verify >> '${calls}'; exec '${process.execPath}' '${cli}' "$@"`
    }
    for (const [name, code] of Object.entries(programs)) await writeFile(join(bin, name), `#!/bin/sh\n${code}\n`, { mode: 0o755 })
    const page = await readFile(join(import.meta.dirname, '../../docs/CLI.md'), 'utf8')
    const { code } = codeBlocksOf(page.slice(page.indexOf('\n### Every night\n')))[0]
    await writeFile(script, code.replaceAll('/var/backups/orbitdb', backups).replaceAll('/srv/my-node', node))
  })

  beforeEach(() => writeFile(calls, ''))

  /** What cron would send by mail, and what was called. */
  const runOn = (day: string) => new Promise<{ code: unknown, mail: string, calls: string[] }>(resolve => {
    execFile('sh', [script], { env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, DAY: day } }, (error, stdout, stderr) => {
      readFile(calls, 'utf8').then(text => resolve({ code: error?.code ?? 0, mail: stdout + stderr, calls: text.trim().split('\n') }), () => {})
    })
  })

  it('writes what is new, checks all, and says nothing while the node is up again', async () => {
    for (const day of ['2026-10-31', '2026-11-01', '2026-11-02', '2026-11-03']) {
      const { code, mail, calls } = await runOn(day)
      deepStrictEqual([code, mail, calls.slice(0, 3)], [0, '', ['stop my-node', 'start my-node', 'verify']])
      await withOrbitDB(node, async orbitdb => { await (await orbitdb.open<Events>(addresses.posts, { sync: false })).add(day) })
    }
    deepStrictEqual(await readdir(backups), ['2026-10', '2026-11'])
    const archives = (await readdir(join(backups, '2026-11'))).map(name => join(backups, '2026-11', name))
    const [whole, ...others] = await Promise.all(archives.map(async path => (await stat(path)).size))
    ok(others.length === 2 && others.every(size => size < whole / 2), `${whole} ${others}`)

    const restored = join(await createDirectory(), 'new')
    strictEqual((await runCLI(['restore', ...archives, '-d', restored, '--indexed'])).code, 0)
    const posts = await withOrbitDB(restored, async orbitdb => (await readDatabases(orbitdb, addresses)).posts)
    ok(JSON.stringify(posts).includes('2026-11-02') && !JSON.stringify(posts).includes('2026-11-03'))
  })

  it('starts the node again, and says why, when it can not back it up, or when an archive is damaged', async () => {
    const inUse = await withOrbitDB(node, () => runOn('2026-12-01'))
    deepStrictEqual([inUse.code, new Set(inUse.calls)], [3, new Set(['stop my-node', 'start my-node'])])
    match(inUse.mail, /^error: .+ is in use by a running node/)
    deepStrictEqual(await readdir(join(backups, '2026-12')), [])

    strictEqual((await runOn('2026-12-02')).code, 0)
    await appendFile(join(backups, '2026-12', '2026-12-02.car'), Uint8Array.of(0x7f))
    const damaged = await runOn('2026-12-03')
    strictEqual(damaged.code, 5)
    match(damaged.mail, /^error: .+\n$/)
    ok(damaged.calls.includes('start my-node'))
    await rm(backups, { recursive: true })
  })
})
