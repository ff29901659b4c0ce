// Every block of code in the pages of the project, and every @example of its docstrings.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import * as library from '../src/index.ts'
import { docstringsOf, examplesOf, givenTo, readDocstrings, readPages, toModule } from './docs/examples.ts'
import { closeScopes } from './docs/scope.ts'
import { checkShell } from './docs/shell.ts'
import { run } from './helpers/package.ts'
import { root } from './helpers/scripts.ts'
import type { Example } from './docs/examples.ts'

const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const docstrings = await readDocstrings()
const pages = Object.entries(await readPages()).flatMap(([path, page]) => examplesOf(path, page))
const all = [...pages, ...docstrings.flatMap(({ examples }) => examples)]

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
