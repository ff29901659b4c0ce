/**
 * The index of a log of more entries than a Map or a Set can have (2^24): `npm run test:index`, or `-- <entries>`.
 * 17,000,000 take 3 GB of memory and some minutes.
 */
import { measureIndex } from '../index.ts'

const count = Number(process.argv[2] ?? 17e6)
for (const { name, seconds, bytes } of await measureIndex(count)) {
  console.log(`${name}: ${count} entries, ${seconds.toFixed(0)} s, ${globalThis.gc == null ? '' : `${bytes.toFixed(0)} bytes each`}`)
}
process.exit()
