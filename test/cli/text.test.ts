import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { oneLine, shown, toJSON } from '../../src/cli/text.ts'
import { runCLI, useDirectories, withOrbitDB } from './helpers.ts'
import type { Events } from '../../src/index.ts'

/** Names that would steer a terminal, forge lines, turn the direction of text, or fill the screen. */
const names = {
  'escape codes': '\u001b[2J\u001b]0;owned\u0007',
  'C1 controls': 'a\u009b31mb\u0085c\u007f',
  'line breaks': 'posts\nerror: nothing\r\nx\u2028y\u2029z',
  'directions of text': 'a\u202egpj.\u202c \u2066b\u2069 \u200fc\u061c',
  'half of a pair': 'a\ud800b',
  'what is not seen': 'a\u{e0041}b\ufeff\u00ad',
  'marks apart from their letters': 'e\u0301'.repeat(20) + '\u0301'.repeat(300),
  'paths, and options': '../../--force /dev/null',
  'one megabyte': 'long '.repeat(200_000)
}

/** Whether there is nothing but lines of text. */
const isPlain = (text: string): boolean => !/[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n]]/v.test(text)

describe('orbitdb-backup prints what others wrote', () => {
  const createDirectory = useDirectories()

  it('escaped and shortened', () => {
    strictEqual(shown('a\u001b[2Jb\n'), 'a\\u{1b}[2Jb\\u{a}')
    strictEqual(shown('\u{1f600}'.repeat(200)), `${'\u{1f600}'.repeat(100)}...`)
    strictEqual(shown('no\u200c\u200dchange é 日本'), 'no\u200c\u200dchange é 日本')
    strictEqual(oneLine(' one\n  two\u0000 '), 'one two\\u{0}')
    for (const name of Object.values(names)) {
      ok(isPlain(shown(name)) && shown(name).length < 300)
      const json = toJSON({ [name]: [name] })
      ok(isPlain(json))
      // A lone half of a pair is the only one that is not the same text
      deepStrictEqual(JSON.parse(json), { [name]: [name] })
    }
  })

  it('and finds a database whose name was given in other characters that look the same', async () => {
    const directory = await createDirectory()
    const address = await withOrbitDB(directory, async orbitdb => (await orbitdb.open<Events>('cafe\u0301', { sync: false })).address)
    const path = join(directory, 'all.car')
    const message = `, but one whose name looks the same and has other characters: give its address, ${address}\n`
    const fail = async (...args: string[]): Promise<void> => {
      const { code, stderr } = await runCLI(args)
      strictEqual(code, 4)
      ok(stderr.endsWith(message), stderr)
    }
    await fail('create', 'caf\u00e9', '-d', directory, '-o', path)
    strictEqual((await runCLI(['create', address, '-d', directory, '-o', path])).code, 0)
    await fail('dump', path, '--database', 'caf\u00e9')
    await fail('restore', path, '-d', directory, '--database', 'caf\u00e9')
    await fail('restore', path, '-d', directory, '--database', 'caf\u00e9', '--dry-run')
    strictEqual((await runCLI(['dump', path, '--database', address])).code, 0)
  })

  it('in every command', async () => {
    const directory = await createDirectory()
    await withOrbitDB(directory, async orbitdb => {
      for (const name of Object.values(names).filter(name => name.isWellFormed())) {
        await (await orbitdb.open<Events>(name, { type: 'events', sync: false })).add(name)
      }
    })
    const path = join(directory, 'all.car')
    const assertPlain = async (args: string[], exit = 0): Promise<string> => {
      const { code, stdout, stderr } = await runCLI(args)
      strictEqual(code, exit, stderr)
      for (const line of [...stdout.split('\n'), ...stderr.split('\n')]) {
        ok(isPlain(line) && line.length < (args.includes('--json') ? 3_000_000 : 1500), `${args[0]}: ${line.slice(0, 2000)}`)
      }
      return stdout
    }
    const limit = ['--limit', 'nameBytes=1000000']
    const count = Object.keys(names).length - 1
    await assertPlain(['create', '--all', '-d', directory, '-o', path, ...limit])
    for (const json of [[], ['--json']]) {
      const list = await assertPlain(['list', '-d', directory, ...json])
      if (json.length === 0) strictEqual(list.trim().split('\n').length, 1 + count)
      const inspect = await assertPlain(['inspect', path, ...limit, ...json])
      if (json.length > 0) deepStrictEqual(JSON.parse(inspect).databases.map(({ name }: any) => name).sort(), Object.values(names).filter(name => name.isWellFormed()).sort())
      await assertPlain(['verify', path, ...limit, ...json])
      await assertPlain(['restore', path, '-d', join(directory, `new${json.length}`), ...limit, ...json])
      await assertPlain(['restore', path, '-d', directory, '--dry-run', ...limit, ...json])
      await assertPlain(['diff', path, '-d', directory, ...limit, ...json])
      await assertPlain(['diff', path, path, '--hashes', ...limit, ...json])
      await assertPlain(['merge', path, '-o', `${path}.merged${json.length}`, ...limit, ...json])
      await assertPlain(['snapshot', 'create', '--all', '-d', directory, ...limit, ...json])
      await assertPlain(['snapshot', 'list', '-d', directory, ...limit, ...json])
      await assertPlain(['dump', path, ...limit, '--json'])
      await assertPlain(['inspect', '--salvage', path, ...limit, ...json])
      await assertPlain(['verify', '--salvage', path, ...limit, ...json])
    }
    await assertPlain(['create', 'nothing\u001b[2J', '-d', directory, '-o', `${path}2`], 4)
    await assertPlain(['restore', path, '--\u001b[2J'], 2)
    match((await runCLI(['list', '-d', directory])).stdout, /\\u\{1b\}\[2J\\u\{1b\}\]0;owned\\u\{7\}/)
  })
})
