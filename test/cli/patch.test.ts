// What `patch` writes. That package managers take it is tested in test/install.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCLI } from './helpers.ts'

const core = { name: '@orbitdb/core', version: '4.0.0' }
const yarnLock = '__metadata:\n  version: 8\n\n"@orbitdb/core@npm:4.0.0, @orbitdb/core@npm:^4.0.0":\n  version: 4.0.0\n  resolution: "@orbitdb/core@npm:4.0.0"\n\n"@orbitdb/core@npm:^3.0.2":\n  version: 3.0.2\n'

describe('patch', () => {
  let app: string

  beforeEach(async () => {
    app = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
  })

  afterEach(() => rm(app, { recursive: true }))

  async function write (files: Record<string, unknown>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(app, path)), { recursive: true })
      await writeFile(join(app, path), typeof content === 'string' ? content : JSON.stringify(content, null, 2) + '\n')
    }
  }

  /** Writes an app as a package manager installs it. */
  const install = (lockfile: string, { manifest = {}, installed = core, lock = '' }: { manifest?: object, installed?: object, lock?: string } = {}) => write({
    'package.json': { name: 'app', dependencies: { '@orbitdb/core': '^4.0.0' }, ...manifest },
    [lockfile]: lock,
    'node_modules/@orbitdb/core/package.json': installed
  })

  /** The files of the app, but for what is installed. */
  async function readApp (): Promise<Record<string, string>> {
    const entries = await readdir(app, { recursive: true, withFileTypes: true })
    const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(app.length + 1).replaceAll('\\', '/'))
    return Object.fromEntries(await Promise.all(paths.filter(path => !path.startsWith('node_modules')).map(async path => [path, await readFile(join(app, path), 'utf8')])))
  }

  const patch = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCLI(['patch', '-d', app, ...args])
    strictEqual(code, 0, stderr)
    return stdout
  }
  const fail = async (exitCode: number, message: RegExp) => {
    const before = await readApp()
    const { code, stderr } = await runCLI(['patch', '-d', app])
    match(stderr, message)
    strictEqual(code, exitCode)
    deepStrictEqual(await readApp(), before)
  }

  const cases = [
    {
      title: 'npm: for patch-package',
      lockfile: 'package-lock.json',
      path: 'patches/@orbitdb+core+4.0.0.patch',
      firstLine: 'diff --git a/node_modules/@orbitdb/core/src/',
      setting: async () => {
        const { scripts, dependencies } = JSON.parse((await readApp())['package.json'])
        deepStrictEqual([scripts.postinstall, Object.keys(dependencies)], ['patch-package', ['@orbitdb/core', 'patch-package']])
      }
    },
    {
      title: 'Yarn 1: for patch-package',
      lockfile: 'yarn.lock',
      lock: '# yarn lockfile v1\n',
      path: 'patches/@orbitdb+core+4.0.0.patch',
      firstLine: 'diff --git a/node_modules/@orbitdb/core/src/',
      setting: async () => strictEqual(JSON.parse((await readApp())['package.json']).scripts.postinstall, 'patch-package')
    },
    {
      title: 'pnpm: in pnpm-workspace.yaml',
      lockfile: 'pnpm-lock.yaml',
      path: 'patches/@orbitdb__core@4.0.0.patch',
      firstLine: 'diff --git a/src/',
      setting: async () => match((await readApp())['pnpm-workspace.yaml'], /^patchedDependencies:\n {2}"@orbitdb\/core@4\.0\.0": patches\/@orbitdb__core@4\.0\.0\.patch$/m)
    },
    {
      title: 'Yarn: as resolutions of all that asks for the version',
      lockfile: 'yarn.lock',
      lock: yarnLock,
      path: '.yarn/patches/orbitdb-core-4.0.0.patch',
      firstLine: 'diff --git a/src/',
      setting: async () => {
        const range = 'patch:@orbitdb/core@npm%3A4.0.0#~/.yarn/patches/orbitdb-core-4.0.0.patch'
        deepStrictEqual(JSON.parse((await readApp())['package.json']).resolutions, { '@orbitdb/core@npm:4.0.0': range, '@orbitdb/core@npm:^4.0.0': range })
      }
    }
  ]

  for (const { title, lockfile, lock, path, firstLine, setting } of cases) {
    it(`writes it for ${title}, tells so, and takes it away again`, async () => {
      await install(lockfile, { lock })
      const before = await readApp()

      const output = await patch()
      ok(output.includes(`wrote ${path}: `), output)
      match(output, /^now run: \S+ install$/m)
      const { [path]: text } = await readApp()
      ok(text.startsWith(firstLine), text.slice(0, 200))
      await setting()

      const patched = await readApp()
      match(await patch(), /patched already: nothing was changed/)
      deepStrictEqual(await readApp(), patched)

      const undone = await patch('--undo')
      ok(undone.includes(`removed ${path}: `))
      // In words that hold for every shell
      match(undone, path.includes('+') ? /^now delete the folder node_modules\/@orbitdb\/core, and run: \S+ install( --check-files)?$/m : /^now run: \S+ install$/m)
      deepStrictEqual(await readApp(), before)
      match(await patch('--undo'), /not patched already: nothing was changed/)
    })
  }

  it('keeps what is there: a script, how package.json is indented, settings and comments of pnpm', async () => {
    const manifest = '{\n\t"name": "app",\n\t"scripts": {\n\t\t"postinstall": "node build.js"\n\t}\n}\n'
    await install('package-lock.json')
    await write({ 'package.json': manifest })
    await patch()
    match((await readApp())['package.json'], /^\t\t"postinstall": "node build\.js && patch-package"$/m)
    await patch('--undo')
    strictEqual((await readApp())['package.json'], manifest)

    const workspace = '# ours\npackages:\n  - apps/* # all\n'
    await rm(join(app, 'package-lock.json'))
    await write({ 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': workspace })
    await patch()
    ok((await readApp())['pnpm-workspace.yaml'].startsWith(workspace))
    await patch('--undo')
    strictEqual((await readApp())['pnpm-workspace.yaml'], workspace)

    for (const text of ['', '# ours\n']) {
      await write({ 'pnpm-workspace.yaml': text })
      await patch()
      await patch('--undo')
      strictEqual((await readApp())['pnpm-workspace.yaml'], text)
    }
    // What was added since to a file that it made
    await rm(join(app, 'pnpm-workspace.yaml'))
    await patch()
    await write({ 'pnpm-workspace.yaml': (await readApp())['pnpm-workspace.yaml'].replaceAll('\n', '\r\n') + 'packages: []\r\n' })
    await patch('--undo')
    strictEqual((await readApp())['pnpm-workspace.yaml'], 'packages: []\n')
  })

  it('leaves patch-package where other patches need it', async () => {
    await install('package-lock.json')
    await write({ 'patches/other+1.0.0.patch': '' })
    await patch()
    await patch('--undo')
    strictEqual(JSON.parse((await readApp())['package.json']).scripts.postinstall, 'patch-package')
  })

  it('writes at the root of a workspace, from a folder below it', async () => {
    await install('pnpm-lock.yaml')
    await write({ 'apps/one/package.json': {} })
    const { stdout } = await runCLI(['patch', '-d', join(app, 'apps/one'), '--json'])
    const { manager, version, changes, next } = JSON.parse(stdout)
    deepStrictEqual([manager, version, next], ['pnpm', '4.0.0', 'pnpm install'])
    deepStrictEqual(changes.map(({ path }: { path: string }) => path), ['patches/@orbitdb__core@4.0.0.patch', 'pnpm-workspace.yaml'])
    ok('pnpm-workspace.yaml' in await readApp())
  })

  it('is for the version of core that it was made for', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../node_modules/@orbitdb/core/package.json'), 'utf8'))
    strictEqual(version, core.version)
  })

  it('refuses another version of core', async () => {
    await install('package-lock.json', { installed: { ...core, version: '3.0.2' } })
    await fail(6, /@orbitdb\/core 3\.0\.2 is installed, and the patch is for 4\.0\.0/)
  })

  it('refuses where this package stands in for core', async () => {
    await install('package-lock.json', { installed: { name: 'orbitdb-backup', version: '1.0.0' } })
    await fail(2, /is orbitdb-backup here, which needs no patch/)
  })

  it('refuses where core is not installed, or nothing is', async () => {
    await write({ 'package.json': {}, 'package-lock.json': {} })
    await fail(4, /is not installed/)
    await rm(join(app, 'package-lock.json'))
    await fail(4, /No lockfile/)
    await rm(join(app, 'package.json'))
    await fail(4, /No package\.json/)
    await write({ file: '' })
    match((await runCLI(['patch', '-d', join(app, 'file')])).stderr, /^error: No package\.json is in ".+file"/)
  })

  it('refuses where core is patched otherwise', async () => {
    await install('package-lock.json')
    await write({ 'patches/@orbitdb+core+4.0.0+001+ours.patch': '' })
    await fail(2, /"patches\/@orbitdb\+core\+4\.0\.0\+001\+ours\.patch" patches "@orbitdb\/core" already/)

    await rm(join(app, 'patches'), { recursive: true })
    await write({ 'patches/@orbitdb+core+4.0.0.patch': 'another' })
    await fail(2, /is there already, and is another patch/)

    await rm(join(app, 'package-lock.json'))
    await write({ 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': 'patchedDependencies:\n  "@orbitdb/core": ours.patch\n' })
    await fail(2, /"ours\.patch" patches "@orbitdb\/core" already/)

    await rm(join(app, 'pnpm-lock.yaml'))
    await install('yarn.lock', { lock: yarnLock, manifest: { resolutions: { '@orbitdb/core@npm:4.0.0': 'npm:other@1' } } })
    await fail(2, /is patched or replaced already/)
  })

  it('changes nothing, and says why, where what is there is of another form', async () => {
    for (const [manifest, message] of [['null', /is not an object/], ['[]', /is not an object/], ['{', /is not JSON/], ['{ "scripts": [] }', /"scripts" in .* is not an object/], ['{ "scripts": { "postinstall": 1 } }', /"postinstall" in .* is no text/], ['{ "dependencies": "x" }', /is not an object/]] as const) {
      await install('package-lock.json')
      await write({ 'package.json': manifest })
      await fail(1, message)
    }
    for (const installed of ['', 'null', '{']) {
      await install('package-lock.json')
      await write({ 'node_modules/@orbitdb/core/package.json': installed })
      await fail(1, /is not that of a package/)
    }
    await install('pnpm-lock.yaml')
    for (const [settings, message] of [['- a', /is not an object/], ['a: [', /is not YAML/], ['patchedDependencies: [x]', /is not an object/]] as const) {
      await write({ 'pnpm-workspace.yaml': settings })
      await fail(1, message)
    }
    // What can be written is taken back where the rest can not be
    await rm(join(app, 'pnpm-workspace.yaml'))
    await symlink('nowhere/settings.yaml', join(app, 'pnpm-workspace.yaml'))
    const { code } = await runCLI(['patch', '-d', app])
    deepStrictEqual([code === 0, existsSync(join(app, 'patches'))], [false, false])
  })

  it('takes nothing away but its own patch, however its lines end', async () => {
    await install('package-lock.json')
    await patch()
    const path = 'patches/@orbitdb+core+4.0.0.patch'
    const { [path]: text } = await readApp()
    await write({ [path]: `${text}changed` })
    const before = await readApp()
    const { code, stderr } = await runCLI(['patch', '--undo', '-d', app])
    deepStrictEqual([code, await readApp()], [2, before], stderr)
    await write({ [path]: text.replaceAll('\n', '\r\n') })
    match(await patch(), /patched already/)
    await patch('--undo')
    strictEqual((await readApp())[path], undefined)
    await install('yarn.lock', { lock: yarnLock.replaceAll('\n', '\r\n') })
    match(await patch(), /resolutions of @orbitdb\/core@npm:4\.0\.0, @orbitdb\/core@npm:\^4\.0\.0/)
  })

  it("is written where Yarn's Plug'n'Play has no folder of core", async () => {
    await install('yarn.lock', { lock: yarnLock })
    await rm(join(app, 'node_modules'), { recursive: true })
    await fail(4, /is not installed/)
    await write({ '.pnp.cjs': '' })
    match(await patch(), /wrote \.yarn\/patches/)
  })
})
