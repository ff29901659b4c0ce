import { deepStrictEqual, ok } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCodes } from './helpers/codes.ts'
import { root } from './helpers/scripts.ts'
import * as exports from '../src/index.ts'

describe('docs/ERRORS.md', () => {
  let page: string
  before(async () => { page = await readFile(join(root, 'docs/ERRORS.md'), 'utf8') })

  it('has each code that there is, and no other', async () => {
    const codes = await readCodes()
    ok(codes.size > 30)
    deepStrictEqual([...codes].filter(code => !page.includes(`\`${code}\``)).sort(), [])
    const named = [...page.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code))
    deepStrictEqual(named.filter(code => !codes.has(code)), [], 'there are no such codes')
  })

  it('has each class that the package exports, and no other', () => {
    const named = new Set([...page.matchAll(/`(\w+Error)`/g)].map(([, name]) => name))
    const classes = Object.keys(exports).filter(name => name.endsWith('Error'))
    deepStrictEqual(classes.filter(name => !named.has(name)), [])
    // One comes with an event, and is not exported; one is JavaScript's own
    deepStrictEqual([...named].filter(name => !classes.includes(name)), ['JoinFailedError', 'TypeError'])
  })
})
