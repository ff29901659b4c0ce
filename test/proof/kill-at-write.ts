/**
 * A module to load first: it kills the process before its n-th write, to a LevelDB or a file.
 *
 *     --import 'kill-at-write.ts?n=5'                 kills before the fifth
 *     --import 'kill-at-write.ts?count=/tmp/count'    only counts, and writes the number to a file when the process ends
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { ClassicLevel } from 'classic-level'

const { searchParams } = new URL(import.meta.url)
const killAt = Number(searchParams.get('n') ?? Infinity)
const countFile = searchParams.get('count')
let count = 0

function beforeWrite (): void {
  count++
  if (count === killAt) process.kill(process.pid, 'SIGKILL')
}

/** Has methods of an object count as writes. */
function watch (object: Record<string, any>, methods: string[]): void {
  for (const name of methods) {
    const method = object[name]
    object[name] = function (...args: unknown[]) {
      beforeWrite()
      return method.apply(this, args)
    }
  }
}

watch(ClassicLevel.prototype, ['_open', '_put', '_del', '_batch', '_clear'])
watch(fs.promises, ['open', 'mkdir', 'rename', 'rm', 'writeFile'])
const file = await fs.promises.open(process.execPath)
watch(Object.getPrototypeOf(file), ['write', 'writev', 'writeFile', 'sync'])
await file.close()
syncBuiltinESMExports()
count = 0

if (countFile != null) process.on('exit', () => fs.writeFileSync(countFile, String(count)))
