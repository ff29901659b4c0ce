// How long does the command line take for what needs no node?
//
//   npm run build && npm run bench:start
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { medianOf } from './numbers.ts'
import { take } from './take.ts'
import type { Taken } from './take.ts'

const [cli, archive] = ['dist/cli.js', 'test/fixtures/archive.car'].map(path => join(import.meta.dirname, '..', path))
const commands = { 'Node.js alone': ['--eval', ''], '--help': [cli, '--help'], inspect: [cli, 'inspect', archive], verify: [cli, 'verify', archive] }

for (const [name, args] of Object.entries(commands)) {
  const taken: Taken[] = []
  while (taken.length < 15) taken.push(await take(() => execFileSync(process.execPath, args)))
  console.log(`${name.padEnd(14)} ${medianOf(taken, ({ wall }) => wall)!.toFixed(0).padStart(4)} ms`)
}
