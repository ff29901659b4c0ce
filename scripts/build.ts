// Builds dist/, besides the types.
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, core } from './bundle.ts'
import { readLicenses } from './licenses.ts'

const dist = join(import.meta.dirname, '../dist')

await rm(dist, { recursive: true, force: true })
const metafile = await bundle(dist)
await writeFile(join(dist, 'LICENSES.txt'), await readLicenses(metafile, [core]))
await chmod(join(dist, 'cli.js'), 0o755)
