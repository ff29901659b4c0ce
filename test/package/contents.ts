// What is in the package, before anybody installs it.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { parse } from 'yaml'
import { linksOf } from '../helpers/markdown.ts'
import { pack } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'
import { findLack } from '../../scripts/publishable.ts'
import type { Problem } from '@arethetypeswrong/core'
import type { Packed } from '../helpers/package.ts'

const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')
const manifest = JSON.parse(await read('package.json'))

// What the package may have: more than that is to be noticed
const most = { files: 295, size: 1_000_000, unpackedSize: 3_200_000 }

describe('The contents of the package', function () {
  this.timeout(120_000)

  let packed: Packed
  let paths: string[]

  before(async () => {
    packed = await pack()
    paths = packed.files.map(({ path }) => path)
  })

  it('are what is needed, and nothing else', () => {
    deepStrictEqual(paths.filter(path => !/^(dist\/.+|docs\/[A-Z-]+\.md|examples\/.+|benchmarks\/results\/(results\.md|trade-off\.svg)|[A-Z]+\.md|LICENSE|package\.json)$/.test(path)), [])
    const needed = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'UPGRADING.md', 'dist/index.js', 'dist/index.d.ts', 'dist/index.js.map', 'dist/cli.js', 'dist/LICENSES.txt', 'dist/orbitdb/index.js', 'dist/orbitdb-core.patch.br']
    deepStrictEqual(needed.filter(path => !paths.includes(path)), [])
  })

  it('are as small as they were', () => {
    const { size, unpackedSize, files } = packed
    console.log(`      ${files.length} files, ${Math.round(size / 1000)} kB packed, ${Math.round(unpackedSize / 1000)} kB unpacked`)
    ok(files.length <= most.files && size <= most.size && unpackedSize <= most.unpackedSize)
  })

  it('have a source map of each bundled module of the library that has code of the project', async () => {
    const modules = paths.filter(path => /^dist\/[^/]+\.js$/.test(path))
    const named = (await Promise.all(modules.map(read))).flatMap(code => [...code.matchAll(/^\/\/# sourceMappingURL=(.+)$/gm)].map(([, name]) => `dist/${name}`))
    deepStrictEqual(named.sort(), ['dist/index.js.map', 'dist/signatures.js.map'])
    deepStrictEqual(paths.filter(path => path.endsWith('.map')).sort(), named)
  })

  it('satisfy publint', async () => {
    const tarball = await readFile(packed.path)
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true })
    deepStrictEqual(messages.map(message => formatMessage(message, pkg)), [])
  })

  it('have types that every way to resolve modules finds', async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(packed.path)))
    ok(result.types !== false)
    // It has ES modules only, which CommonJS can import. What resolved modules before there were `exports` finds the main one alone
    const expected = ({ kind, ...problem }: Problem): boolean => kind === 'CJSResolvesToESM' ||
      (kind === 'NoResolution' && 'resolutionKind' in problem && problem.resolutionKind === 'node10' && problem.entrypoint !== '.')
    deepStrictEqual(result.problems.filter(problem => !expected(problem)), [])
  })

  it('have the license text of everything that is built in', async () => {
    const [, ...licenses] = (await read('dist/LICENSES.txt')).split(`\n\n${'-'.repeat(80)}\n\n`)
    const titles = licenses.flatMap(license => license.split('\n\n')[0].split('\n'))
    for (const title of [/^@orbitdb\/core 4\.0\.0: MIT$/, /^helia 7\S+: Apache-2\.0 OR MIT$/, /^cborg 6\S+: Apache-2\.0$/]) {
      ok(titles.some(text => title.test(text)), `${title}`)
    }
    const words = /permission|licensed|redistribution|do what the fuck you want/i
    deepStrictEqual(licenses.filter(license => !words.test(license) || license.split('\n').length < 8).map(license => license.split('\n')[0]), [])
    deepStrictEqual(licenses.filter(license => /^copyright .*<.*(year|holder|owner)/im.test(license)), [])
  })

  it('have the license of @orbitdb/core beside its modules', async () => {
    deepStrictEqual(await read('dist/orbitdb/LICENSE'), await read('node_modules/@orbitdb/core-stock/LICENSE'))
  })

  it('have no script that an install runs or warns of', () => {
    deepStrictEqual(Object.keys(manifest.scripts).filter(name => /^(pre|post)?(install|prepare)$/.test(name)), [])
  })

  it('are tested by a workflow whose scripts there are', async () => {
    const { jobs } = parse(await read('.github/workflows/ci.yml'))
    const commands = Object.values(jobs as Record<string, { steps: Array<{ run?: string }> }>).flatMap(({ steps }) => steps.map(({ run = '' }) => run))
    const scripts = commands.flatMap(command => [...command.matchAll(/^npm (?:run )?(\S+)$/gm)].map(([, name]) => name)).filter(name => name !== 'ci')
    ok(scripts.includes('test'))
    deepStrictEqual(scripts.filter(name => !Object.hasOwn(manifest.scripts, name)), [])
  })

  it('say where the project is in one place, or nowhere', () => {
    const { name, repository, homepage, bugs } = manifest
    strictEqual(homepage, `https://www.npmjs.com/package/${name}`)
    if (repository == null) return strictEqual(bugs, undefined)
    match(repository.url, /^git\+https:\/\/.+\.git$/)
    const page = repository.url.replace(/^git\+|\.git$/g, '')
    ok(bugs.url.startsWith(page))
    // As it may move
    const named = execFileSync('git', ['grep', '-l', '--fixed-strings', page], { cwd: root, encoding: 'utf8' })
    deepStrictEqual(named.trim().split('\n'), ['package.json'])
  })

  it('are not published before they say where the project is', () => {
    const named = { repository: { url: 'git+https://example.com/project.git' }, bugs: { url: 'https://example.com/project/issues' } }
    strictEqual(findLack(named), undefined)
    for (const lacking of [{}, { ...named, repository: undefined }, { ...named, bugs: undefined }]) match(findLack(lacking)!, /names no repository/)
    ok(manifest.scripts.prepublishOnly.startsWith('node scripts/publishable.ts && '))
  })

  it('have a README.md whose links lead to files of the package, made of one whose links lead to those of the project', async () => {
    const { name, version } = manifest
    const page = createPackageFromTarballData(await readFile(packed.path)).readFile(`/node_modules/${name}/README.md`)
    const published = `https://unpkg.com/${name}@${version}/`
    const links = linksOf(page)
    deepStrictEqual(links.filter(link => !/^(https:\/\/|#)/.test(link)), [])
    const files = links.filter(link => link.startsWith(published)).map(link => link.slice(published.length).split('#')[0])
    ok(files.includes('docs/CLI.md') && files.includes('benchmarks/results/trade-off.svg') && files.includes('examples/nightly.js'))
    deepStrictEqual(files.filter(file => !paths.includes(file)), [])
    const own = await read('README.md')
    ok(linksOf(own).includes('docs/CLI.md') && !own.includes(published))
  })
})
