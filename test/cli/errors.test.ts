import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCodes } from '../helpers/codes.ts'
import { root } from '../helpers/scripts.ts'
import { exitCodes, exitOfCode, toCLIError } from '../../src/cli/errors.ts'

// What could not be checked, which is no error
const unchecked = ['access-controller', 'entries-encrypted', 'identity', 'newer-entries']

describe('orbitdb-backup decides by the codes of errors', () => {
  it('has an exit code for each that there is', async () => {
    const codes = await readCodes()
    ok(codes.size > 30)
    deepStrictEqual([...codes].filter(code => !Object.hasOwn(exitOfCode, code) && !unchecked.includes(code)).sort(), [], 'to be added to src/cli/errors.ts')
  })

  it('and documents each exit code', async () => {
    const docs = await readFile(join(root, 'docs/CLI.md'), 'utf8')
    deepStrictEqual([...docs.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code)), [...new Set(Object.values(exitCodes))])
  })

  it('and not by names or messages, whatever the error is the cause of', () => {
    const inner = Object.assign(new Error('a message'), { name: 'AnyError', code: 'archive-version' })
    const { exitCode, message } = toCLIError(new Error('outer', { cause: inner }))
    deepStrictEqual([exitCode, message], [6, 'a message'])
    strictEqual(toCLIError(Object.assign(new Error('x'), { name: 'DamagedArchiveError' })).exitCode, 1)
  })
})
