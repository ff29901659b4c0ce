// Writes results.md and the chart anew from results.json, and what README.md and docs/PERFORMANCE.md show of benchmarks/results, between comments that name the file it is of.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { report, toSummary } from './report.ts'
import { toFloorTables } from './report/floor.ts'

const root = join(import.meta.dirname, '..')
const directory = join(import.meta.dirname, 'results')

/** The pages that show results. */
export const pages = ['README.md', 'docs/PERFORMANCE.md']

const read = async (name: string) => JSON.parse(await readFile(join(directory, name), 'utf8'))

/** The text of a page with the results as they are. */
export async function withResults (page: string): Promise<string> {
  const tables: Record<string, string> = { 'results.json': toSummary(await read('results.json')), 'floor.json': toFloorTables(await read('floor.json')) }
  return page.replace(/(<!-- (\w+\.json) -->\n).*?(\n<!-- end -->)/gs, (all, begin, name, end) => `${begin}\n${tables[name]}\n${end}`)
}

if (import.meta.main) {
  await report(await read('results.json'), directory)
  for (const page of pages.map(page => join(root, page))) {
    await writeFile(page, await withResults(await readFile(page, 'utf8')))
  }
}
