import { deepStrictEqual, ok } from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './helpers/scripts.ts'
import * as exports from '../src/index.ts'

/** The codes that the sources in a folder give errors and findings. */
async function codesIn (folder: string): Promise<string[]> {
  const paths = (await readdir(join(root, folder), { recursive: true })).filter(path => /\.[jt]s$/.test(path))
  const sources = await Promise.all(paths.map(path => readFile(join(root, folder, path), 'utf8')))
  return sources.flatMap(source => [...source.matchAll(/\bcode(?: =|:) '([a-z][a-z-]*)'|defineError\('\w+', '([a-z-]+)'\)/g)]).map(([, one, other]) => one ?? other)
}

describe('docs/ERRORS.md', () => {
  let page: string
  before(async () => { page = await readFile(join(root, 'docs/ERRORS.md'), 'utf8') })

  it('has each code that there is', async () => {
    const codes = new Set((await Promise.all(['src/archive', 'src/blocks', 'src/core', 'node_modules/@orbitdb/core/src'].map(codesIn))).flat())
    ok(codes.size > 30)
    deepStrictEqual([...codes].filter(code => !page.includes(`\`${code}\``)).sort(), [])
  })

  it('has each class that the package exports, and no other', () => {
    const named = new Set([...page.matchAll(/`(\w+Error)`/g)].map(([, name]) => name))
    const classes = Object.keys(exports).filter(name => name.endsWith('Error'))
    deepStrictEqual(classes.filter(name => !named.has(name)), [])
    // It comes with an event, and is not exported
    deepStrictEqual([...named].filter(name => !classes.includes(name)), ['JoinFailedError'])
  })
})
