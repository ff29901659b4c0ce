// The index of a log of more entries than a Map or a Set can have (2^24): `npm run test:index`
import { measureIndex } from '../index.ts'
import { showHelp } from '../options.ts'

showHelp(`Exports, imports and reads the index of a very long log. 17,000,000 entries take 3 GB of memory and some minutes.

  <entries>   how many (default 17000000)`)

const count = Number(process.argv[2] ?? 17e6)
for (const { name, seconds, bytes } of await measureIndex(count)) {
  console.log(`${name}: ${count} entries, ${seconds.toFixed(0)} s, ${globalThis.gc == null ? '' : `${bytes.toFixed(0)} bytes each`}`)
}
process.exit()
