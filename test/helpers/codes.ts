import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './scripts.ts'

/** The codes that the sources of the library and of OrbitDB give errors and findings. */
export async function readCodes (): Promise<Set<string>> {
  const codes = new Set<string>()
  for (const folder of ['src/archive', 'src/blocks', 'src/core', 'node_modules/@orbitdb/core/src']) {
    const paths = (await readdir(join(root, folder), { recursive: true })).filter(path => /\.[jt]s$/.test(path))
    for (const path of paths) {
      const source = await readFile(join(root, folder, path), 'utf8')
      // As in `code: 'a'`, `code: isThis ? 'a' : 'b'`, `defineError('AError', 'a')` and `onUnchecked('a', …)`
      const places = source.matchAll(/\bcode(?: =|:) (?:[^,}\n]+ \? '([a-z][a-z-]*)' : )?'([a-z][a-z-]*)'|(?:defineError\('\w+', |onUnchecked\()'([a-z-]+)'/g)
      for (const [, ...found] of places) found.filter(code => code != null).forEach(code => codes.add(code))
    }
  }
  return codes
}
