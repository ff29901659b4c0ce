// What pages show of benchmarks/results, between comments that name the file that it is made of.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toSummary } from './report.ts'
import { toFloorTable, toMemoryTable, toSizeTable } from './tables.ts'

/** The pages that show results. */
export const pages = ['README.md', 'docs/PERFORMANCE.md', 'docs/RELIABILITY.md']

export const resultsDirectory = join(import.meta.dirname, 'results')

export const readResults = async (name: string) => JSON.parse(await readFile(join(resultsDirectory, name), 'utf8'))

const tables: Record<string, (results: any) => string> = { results: toSummary, floor: toFloorTable, size: toSizeTable, memory: toMemoryTable }

/** The text of a page with the results as they are. */
export async function withResults (page: string): Promise<string> {
  const texts: Record<string, string> = {}
  for (const [name, toText] of Object.entries(tables)) texts[name] = toText(await readResults(`${name}.json`))
  return page.replace(/(<!-- (\w+)\.json -->\n).*?(\n<!-- end -->)/gs, (all, begin, name, end) => `${begin}\n${texts[name]}\n${end}`)
}
