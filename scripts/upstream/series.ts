import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What becomes one commit. */
export interface Step {
  /** Path of the patch. */
  patch: string
  /** Folder of what upstream has beside its sources, laid out as upstream is; undefined when there is none. */
  extras?: string
}

const patches = join(import.meta.dirname, '../../patches')

/** The name of a patch of the series: its number, and what it does. */
const patchName = /^@orbitdb\+core\+\d+\.\d+\.\d+\+\d+\+(.+)\.patch$/

/** The steps of the series, in their order. */
export async function readSeries (): Promise<Step[]> {
  const extras = await readdir(join(patches, 'upstream'))
  const names = (await readdir(patches)).filter(name => patchName.test(name)).sort()
  const slugs = names.map(name => patchName.exec(name)![1])
  const strays = extras.filter(slug => !slugs.includes(slug))
  if (strays.length > 0) {
    throw new Error(`No patch is called as these folders of patches/upstream are: ${strays.join(', ')}`)
  }
  return names.map((name, i) => ({
    patch: join(patches, name),
    extras: extras.includes(slugs[i]) ? join(patches, 'upstream', slugs[i]) : undefined
  }))
}
