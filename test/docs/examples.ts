// The examples in the pages of the project and in the docstrings of its sources.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeBlocksOf } from '../helpers/markdown.ts'
import { root } from '../helpers/scripts.ts'
import { names } from './scope.ts'

export interface Example {
  /** Where it is: `README.md:12`. */
  place: string
  /** What it is written in. */
  language: string
  /** What stands behind the language: `check` for what is compiled and not run. */
  words: string[]
  code: string
}

/** A docstring that has examples. */
export interface Docstring {
  /** What it is about: the name of what is declared behind it. */
  subject: string
  examples: Example[]
}

/** The pages of the project. */
export async function readPages (): Promise<Record<string, string>> {
  const docs = (await readdir(join(root, 'docs'))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)
  const pages = (await readdir(root)).filter(name => name.endsWith('.md'))
  return Object.fromEntries(await Promise.all([...pages, ...docs].map(async path => [path, await readFile(join(root, path), 'utf8')])))
}

const toExamples = (path: string, text: string, line = 1): Example[] => codeBlocksOf(text).map(block => {
  return { place: `${path}:${line + block.line - 1}`, language: block.language, words: block.words, code: block.code }
})

/** The examples of a page. */
export const examplesOf = (path: string, page: string): Example[] => toExamples(path, page)

/** The docstrings in a source, with their examples. */
export function docstringsOf (path: string, source: string): Docstring[] {
  return [...source.matchAll(/\/\*\*\n([\s\S]*?)\*\/\s*(?:export )?(?:declare )?(?:async )?(?:(?:const|function|interface|class|type) )?(\w+)/g)].map(match => {
    const [, comment, subject] = match
    const line = source.slice(0, match.index).split('\n').length + 1
    const text = comment.replace(/^ *\* ?/gm, '')
    // Blocks that are not behind @example are no examples
    const at = text.search(/^@example/m)
    const examples = at === -1 ? [] : toExamples(path, text.slice(at), line + text.slice(0, at).split('\n').length - 1)
    return { subject, examples }
  })
}

/** The docstrings of all sources. */
export async function readDocstrings (): Promise<Docstring[]> {
  const paths = (await readdir(join(root, 'src'), { recursive: true })).filter(path => path.endsWith('.ts')).map(path => `src/${path.replaceAll('\\', '/')}`)
  return (await Promise.all(paths.map(async path => docstringsOf(path, await readFile(join(root, path), 'utf8'))))).flat()
}

/** The names that an example takes as given. */
export function givenTo (code: string): string[] {
  const words = code.replace(/\/\/.*$|'[^']*'/gm, '')
  const isUsed = (name: string): boolean => new RegExp(`(?<![.\\w])${name}\\b(?!:)`).test(words)
  const isDeclared = (name: string): boolean => new RegExp(`\\b(?:const|let|var|function|class|import)\\b[^=;(\n]*\\b${name}\\b`).test(words)
  return names.filter(name => isUsed(name) && !isDeclared(name))
}

/** An example as a module that runs in the project: what it takes as given is there. */
export function toModule (code: string): string {
  const given = givenTo(code)
  const source = (path: string): string => JSON.stringify(join(root, path))
  const setup = `import { createScope as $createScope } from ${source('test/docs/scope.ts')}\nconst { ${given.join(', ')} } = await $createScope()\n`
  // Both names are those of the package, and the node of README.md is that of the scripts
  const example = code
    .replace(/(from |import\(|declare module )'(orbitdb-backup|@orbitdb\/core)'/g, `$1${source('src/index.ts')}`)
    .replace("'orbitdb-backup/signatures'", source('src/signatures/index.ts'))
    .replace("'./node.ts'", source('scripts/node.ts'))
  return `${given.length > 0 ? setup : ''}${example}\nexport {}\n`
}
