// Writes the results of the benchmarks for people: as Markdown, and as charts.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBackup, drawRestore } from './report/growth.ts'
import { toMarkdown } from './report/markdown.ts'
import { drawTradeOff } from './report/trade-off.ts'
import type { Results } from './results.ts'

export { formatTable } from './report/table.ts'

const charts = [
  { file: 'trade-off.svg', shows: 'How long each way takes to restore, and what is guaranteed then', draw: drawTradeOff },
  { file: 'backup.svg', shows: 'Time to back up, against the number of entries', draw: drawBackup },
  { file: 'restore.svg', shows: 'Time to restore, against the number of entries', draw: drawRestore }
]

/** Writes results.md and the charts that it shows to a directory. The same results give the same bytes. */
export async function report (results: Results, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const drawn = charts
    .map(({ draw, ...picture }) => ({ ...picture, svg: draw(results) }))
    .filter(({ svg }) => svg !== undefined)
  for (const { file, svg } of drawn) {
    await writeFile(join(directory, file), svg!)
  }
  await writeFile(join(directory, 'results.md'), toMarkdown(results, drawn))
}
