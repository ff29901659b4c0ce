import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { toVersion2 } from '../helpers/opened.ts'
import { itOnPosix } from '../helpers/posix.ts'
import { runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'

describe('orbitdb-backup reads archives', () => {
  const createDirectory = useDirectories()
  let directory: string
  let path: string
  let bytes: Buffer

  before(async () => {
    directory = await createDirectory()
    await withOrbitDB(directory, writeFixture)
    path = join(directory, 'posts.car')
    strictEqual((await runCLI(['create', 'posts', '-d', directory, '-o', path])).code, 0)
    bytes = await readFile(path)
  })

  describe('and says what a file is that is none:', () => {
    const tar = (): Buffer => execFileSync('tar', ['-cf', '-', '-C', directory, basename(path)])

    const kinds: Record<string, [bytes: () => Uint8Array, message: string, unpack?: string]> = {
      gzip: [() => gzipSync(bytes), 'compressed with gzip', 'gunzip -c'],
      zstd: [() => zstdCompressSync(bytes), 'compressed with zstd', 'zstd -dc'],
      xz: [() => Buffer.from('/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo=', 'base64'), 'compressed with xz', 'xz -dc'],
      bzip2: [() => Buffer.from('QlpoOTFBWSZTWQ==', 'base64'), 'compressed with bzip2', 'bzip2 -dc'],
      lz4: [() => Buffer.from('BCJNGGRApwAAAAAFXcwC', 'base64'), 'compressed with lz4', 'lz4 -dc'],
      age: [() => Buffer.from('age-encryption.org/v1\n-> X25519 x\n'), 'encrypted with age', 'age -d'],
      PGP: [() => Buffer.from('-----BEGIN PGP MESSAGE-----\n'), 'encrypted with PGP', 'gpg -d'],
      tar: [tar, 'a tar file', 'tar -xOf'],
      zip: [() => Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64').fill('PK\u0003\u0004', 0, 4, 'latin1'), 'a zip file', 'unzip -p'],
      SQLite: [() => Buffer.from('SQLite format 3\0...'), 'an SQLite database'],
      HTML: [() => Buffer.from('<!DOCTYPE html>\n<html>Not found'), 'HTML, as a server sends it instead of a file'],
      JSON: [() => Buffer.from('{ "databases": [] }'), 'JSON'],
      text: [() => Buffer.from('# Notes\n'.repeat(100)), 'text']
    }

    for (const [name, [create, message, unpack]] of Object.entries(kinds)) {
      it(name, async () => {
        const other = join(directory, `other.${name}`)
        await writeFile(other, create())
        const parent = await createDirectory()
        for (const args of [['verify', other], ['inspect', other], ['restore', other, '-d', join(parent, 'node')]]) {
          const { code, stdout, stderr } = await runCLI(args)
          const advice = unpack == null ? '' : `: unpack it first, by ${unpack} ${other}, into a file or a pipe`
          deepStrictEqual({ code, stdout, stderr }, { code: 5, stdout: '', stderr: `error: "${other}" is not an archive: it is ${message}${advice}\n` })
        }
        const piped = await runCLI(['verify'], { input: create() })
        const advice = unpack == null ? '' : `: pipe it through ${unpack} first`
        deepStrictEqual([piped.code, piped.stderr], [5, `error: Not an archive: it is ${message}${advice}\n`])
        deepStrictEqual(await readdir(parent), [])
      })
    }
  })

  it('that are CAR files of version 2, from files and pipes', async () => {
    const other = join(directory, 'version-2.car')
    await writeFile(other, await toVersion2(bytes))
    for (const command of ['verify', 'inspect']) {
      const { stdout } = await runCLI([command, path, '--json'])
      for (const result of [await runCLI([command, other, '--json']), await runCLI([command, '--json'], { input: await readFile(other) })]) {
        deepStrictEqual([result.code, result.stdout], [0, stdout])
      }
    }
    strictEqual((await runCLI(['restore', other, '-d', join(await createDirectory(), 'node')])).code, 0)
    strictEqual((await runCLI(['dump', other])).stdout, (await runCLI(['dump', path])).stdout)
  })

  describe('and ends at once when it is interrupted while it waits for', () => {
    const commands = [['verify'], ['inspect'], ['restore', '-d']]

    /** Runs a command, and interrupts it when it has read what there is. */
    const interrupt = async ([command, ...rest]: string[], source: string | undefined, signal: NodeJS.Signals): Promise<void> => {
      const parent = await createDirectory()
      const args = [command, ...source == null ? [] : [source], ...rest.length === 0 ? [] : [...rest, join(parent, 'node')]]
      const { code, stderr } = await runCLI(args, {
        onStart: child => {
          if (source == null) child.stdin!.write(bytes.subarray(0, 300))
          setTimeout(() => child.kill(signal), 1500)
        }
      })
      deepStrictEqual([code, stderr], [{ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal as string], 'error: Interrupted\n'])
      deepStrictEqual(await readdir(parent), [])
    }

    for (const command of commands) {
      itOnPosix(`standard input: ${command[0]}`, () => interrupt(command, undefined, 'SIGINT'))

      itOnPosix(`a named pipe that nobody writes to: ${command[0]}`, async () => {
        const pipe = join(await createDirectory(), 'pipe')
        execFileSync('mkfifo', [pipe])
        await interrupt(command, pipe, 'SIGTERM')
      })
    }
  })

  it('and no LevelDB for what other tools wrote, also where it is in a folder below', async () => {
    const output = join(await createDirectory(), 'x.car')
    for (const folder of ['ipfs/blocks', '.']) {
      for (const args of [['verify'], ['inspect'], ['dump'], ['diff', '-d', directory], ['restore', '-d', join(output, 'node')], ['merge', '-o', output]]) {
        const { code, stderr } = await runCLI([...args, '--salvage', join(directory, folder)])
        strictEqual(code, 2, stderr)
        match(stderr, /^error: ".+" is a LevelDB, and not files that are a block each: back up the node that it is of, by create --directory, and give that archive\n$/)
      }
    }
  })

  itOnPosix('from a named pipe', async () => {
    const pipe = join(await createDirectory(), 'pipe')
    execFileSync('mkfifo', [pipe])
    const { code, stdout } = await runCLI(['verify', pipe], { onStart: () => createWriteStream(pipe).end(bytes) })
    strictEqual(code, 0)
    match(stdout, /pipe: valid, 1 database, 20 entries/)
  })
})
