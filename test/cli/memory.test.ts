import { ok, strictEqual } from 'node:assert/strict'
import { runCLI } from './helpers.ts'

/** Makes 3,000,000 objects when the process ends, and tells how many bytes its young generation has then. */
const preload = `
  import v8 from 'node:v8'
  process.on('exit', () => {
    const kept = []
    for (let i = 0; i < 3e6; i++) kept[i % 2e5] = { i }
    console.error(v8.getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size)
  })
`

describe('orbitdb-backup', () => {
  it('keeps the young generation of V8 small', async () => {
    const { code, stderr } = await runCLI(['--version'], { preload })
    strictEqual(code, 0, stderr)
    ok(Number(stderr) < 2 ** 23, stderr)
  })
})
