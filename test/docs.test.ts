// Every block of code in the pages of the project, and every @example of its docstrings; and what pages link to and name.
import { deepStrictEqual, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import * as library from '../src/index.ts'
import { docstringsOf, examplesOf, givenTo, readDocstrings, readPages, toModule } from './docs/examples.ts'
import { closeScopes } from './docs/scope.ts'
import { checkShell } from './docs/shell.ts'
import { anchorsOf, linksOf } from './helpers/markdown.ts'
import { run } from './helpers/package.ts'
import { root } from './helpers/scripts.ts'
import type { Example } from './docs/examples.ts'

const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const docstrings = await readDocstrings()
const pages = await readPages()
const all = [...Object.entries(pages).flatMap(([path, page]) => examplesOf(path, page)), ...docstrings.flatMap(({ examples }) => examples)]

/** Languages that nothing runs: pictures made of text, and schemas that other tests are about. */
const unread = ['', 'text', 'ipldsch', 'diff']

const runnable = (example: Example): boolean => ['ts', 'js', 'mjs'].includes(example.language)

describe('The documentation', () => {
  let directory: string
  const cwd = process.cwd()

  const fileOf = ({ place, language }: Example): string => join(directory, `${place.replace(/[/:.]/g, '_')}.${language === 'ts' ? 'ts' : 'mjs'}`)

  before(async () => {
    // Below the project, so that packages are found
    await mkdir(join(root, '.tmp'), { recursive: true })
    directory = await mkdtemp(join(root, '.tmp', 'docs-'))
    for (const example of all.filter(runnable)) {
      await writeFile(fileOf(example), toModule(example.code))
    }
  })

  after(() => rm(directory, { recursive: true }))

  it('has examples in TypeScript that compile', async () => {
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: { types: ['node'] }, include: ['*.ts', '../../src/core/orbitdb-core.d.ts'], exclude: [] }))
    await run(directory, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', directory])
  })

  for (const example of all.filter(runnable).filter(({ words }) => !words.includes('check'))) {
    describe(example.place, () => {
      let place: string

      before(async () => {
        place = await mkdtemp(join(directory, 'run-'))
        process.chdir(place)
      })

      after(async () => {
        await closeScopes()
        process.chdir(cwd)
      })

      if (givenTo(example.code).length === 0) {
        it('runs as a program, and ends', async () => {
          await run(place, process.execPath, [fileOf(example)])
        })
      } else {
        it('runs', async () => {
          const { log } = console
          // What it prints is for those who run it
          console.log = () => {}
          try {
            await import(pathToFileURL(fileOf(example)).href)
          } finally {
            console.log = log
          }
        })
      }
    })
  }

  for (const { place, code } of all.filter(({ language }) => ['sh', 'bash'].includes(language))) {
    it(`${place} has commands that there are`, async () => {
      deepStrictEqual(await checkShell(code, Object.keys(scripts)), [])
    })
  }

  for (const { place, code } of all.filter(({ language }) => language === 'json')) {
    it(`${place} is JSON`, () => {
      JSON.parse(code)
    })
  }

  for (const { place, code } of all.filter(({ language }) => language === 'yaml')) {
    it(`${place} is YAML`, () => {
      ok(parse(code) != null)
    })
  }

  it('has no code that is not looked at here', () => {
    const known = ['ts', 'js', 'mjs', 'sh', 'bash', 'json', 'yaml', ...unread]
    deepStrictEqual(all.filter(({ language }) => !known.includes(language)).map(({ place, language }) => `${place}: ${language}`), [])
  })

  it('has an example of each public function', () => {
    const isFunction = ([, value]: [string, unknown]): boolean => typeof value === 'function' && !(value.prototype instanceof Error)
    const functions = Object.entries(library).filter(isFunction).map(([name]) => name)
    const withExamples = new Set(docstrings.filter(({ examples }) => examples.length > 0).map(({ subject }) => subject))
    deepStrictEqual(functions.filter(name => !withExamples.has(name)), [])
  })

  describe('has pages', () => {
    const files = new Set(execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).trim().split('\n'))
    const isThere = (path: string): boolean => files.has(path) || [...files].some(file => file.startsWith(`${path.replace(/\/$/, '')}/`))

    it('whose links lead somewhere', async () => {
      const more = ['benchmarks/results/results.md']
      const read = async (path: string): Promise<string> => pages[path] ?? await readFile(join(root, path), 'utf8')
      const dead: string[] = []
      for (const path of [...Object.keys(pages), ...more]) {
        for (const link of linksOf(await read(path)).filter(link => !/^[a-z]+:/.test(link))) {
          const [to, anchor] = decodeURI(link).split('#')
          const target = to === '' ? path : posix.normalize(join(dirname(path), to))
          if (!isThere(target) || (anchor != null && !anchorsOf(await read(target)).has(anchor))) dead.push(`${path}: ${link}`)
        }
      }
      deepStrictEqual(dead, [])
    })

    it('that name files that there are', () => {
      const folders = 'test|src|scripts|benchmarks|examples|patches|docs'
      const named = Object.entries(pages).flatMap(([path, page]) => [...page.matchAll(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, 'g'))].map(([, file]) => ({ path, file })))
      ok(named.length > 100)
      deepStrictEqual(named.filter(({ file }) => !isThere(file)).map(({ path, file }) => `${path}: ${file}`), [])
    })

    it('of which README.md begins with the commands that do everything, the one for the tests as .ci/run has it', async () => {
      const commands = (await readFile(join(root, 'README.md'), 'utf8')).split('\n').slice(0, 30).filter(line => line.startsWith('npm ci')).map(line => line.split('#')[0].trim())
      deepStrictEqual(commands, ['npm ci && npm run demo', 'npm ci && npm test'])
      ok((await readFile(join(root, '.ci/run'), 'utf8')).split('\n').includes(commands[1]))
    })

    it('of which CONTRIBUTING.md names each script, but for those that npm runs by itself', () => {
      const page = pages['CONTRIBUTING.md']
      const byItself = /^(pre|post)|^dependencies$/
      deepStrictEqual(Object.keys(scripts).filter(name => !byItself.test(name) && !new RegExp(`npm (run )?${name}\\b(?!:)|\`${name}\``).test(page)), [])
      const named = Object.values(pages).flatMap(page => [...page.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name]) => name))
      deepStrictEqual(named.filter(name => name !== 'nothing' && !Object.hasOwn(scripts, name)), [])
    })

    it('of which CONTRIBUTING.md has the long runs of docs/RELIABILITY.md, which tell how they are run', async () => {
      const runs = [...pages['docs/RELIABILITY.md'].matchAll(/^\| `npm run (test:[\w-]+)` \|/gm)].map(([, name]) => name)
      deepStrictEqual(Object.keys(scripts).filter(name => scripts[name].includes('test/proof/runs/')).sort(), runs.toSorted())
      await Promise.all(runs.map(async name => {
        const { stdout } = await run(root, process.execPath, [scripts[name].split(' ').at(-1), '--help'])
        match(stdout, /^\S[^]+\n {2}(--|<|\w+ \|)/)
      }))
    }).timeout(120_000)

    it('of which docs/ARCHITECTURE.md names files of the patched core that there are', async () => {
      const modules = await readdir(join(root, 'node_modules/@orbitdb/core/src'), { recursive: true })
      const [, section] = /\n## The patch\n([^]+?)\n### /.exec(pages['docs/ARCHITECTURE.md'])!
      // In one cell, those behind the first one are in the same folder, or of another one that is named
      const named = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) => {
        const [first, ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
        return [first, ...others.map(name => name.includes('/') ? name : posix.join(dirname(first), name))]
      })
      ok(named.length > 30)
      deepStrictEqual(named.filter(name => !modules.includes(name.replace(/\/(\*\.js)?$/, ''))), [])
    })
  })

  it('may not name commands, scripts and options that there are not', async () => {
    const script = 'npm run nothing && npx orbitdb-backup create posts --nothing | frobnicate\norbitdb-backup nothing # no comment\nnpm test'
    deepStrictEqual((await checkShell(script, ['test'])).map(problem => problem.split(':')[0]), [
      'no such npm command', 'no option --nothing', 'unknown program', 'no such command'
    ])
  })

  it('is found in a source: what an example is of, where it is, and what is none', () => {
    const source = '/** No example. */\nexport const a = 1\n\n/**\n * Text.\n *\n * ```ts\n * none\n * ```\n *\n * @example\n * ```ts\n * b()\n * ```\n */\nexport const b = () => {}\n'
    deepStrictEqual(docstringsOf('src/x.ts', source), [{ subject: 'b', examples: [{ place: 'src/x.ts:12', language: 'ts', words: [], code: 'b()' }] }])
  })
})
