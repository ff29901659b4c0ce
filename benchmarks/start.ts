// How long does the command line take for what needs no node?
//
//   npm run build && npm run bench:start
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { median } from 'simple-statistics'

const cli = join(import.meta.dirname, '../dist/cli.js')
const archive = join(import.meta.dirname, '../test/fixtures/archive.car')

const commands = {
  'Node.js alone': ['--eval', ''],
  '--help': [cli, '--help'],
  inspect: [cli, 'inspect', archive],
  verify: [cli, 'verify', archive]
}

for (const [name, args] of Object.entries(commands)) {
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now()
    execFileSync(process.execPath, args)
    return performance.now() - start
  })
  console.log(`${name.padEnd(14)} ${median(times).toFixed(0).padStart(4)} ms (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)})`)
}
