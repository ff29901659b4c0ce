// SECURITY.md names a test for each thing that it promises: each of them exists.
import { ok, strictEqual } from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

describe('SECURITY.md', () => {
  it('names tests and commands that there are, one for each promise', async () => {
    const text = await readFile(join(root, 'SECURITY.md'), 'utf8')
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const files = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file]) => file)
    ok(files.length > 15)
    for (const file of files) await access(join(root, file))
    for (const [, script] of text.matchAll(/`npm run ([\w:-]+)`/g)) ok(script in scripts, script)
    const rows = text.split('\n').filter(line => /^\| (?!promise|---)/.test(line))
    strictEqual(rows.every(row => /`test\/[^`]+\.test\.ts`[^|]*\|$/.test(row)), true)
  })
})
