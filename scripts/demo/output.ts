import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import type { OnProgress } from './steps.ts'

/** A number as people write it: 1,422. */
export const format = (number: number): string => number.toLocaleString('en')

/** The size of a file, or of all files in a directory, as people write it. */
export async function formatSize (path: string): Promise<string> {
  const bytes = await size(path)
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

async function size (path: string): Promise<number> {
  const stats = await stat(path)
  if (!stats.isDirectory()) {
    return stats.size
  }
  const sizes = await Promise.all((await readdir(path)).map(name => size(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Prints text in two columns. */
export function print (title: string, text: string): void {
  console.log(`${title.padEnd(9)} ${text.replaceAll('\n', `\n${' '.repeat(10)}`)}`)
}

/** Runs a step: shows its progress meanwhile, and then prints what it did and how long that took. */
export async function step<Result> (
  title: string,
  run: (onProgress: OnProgress) => Promise<Result>,
  describe: (result: Result) => string | Promise<string>
): Promise<Result> {
  const begin = performance.now()
  const bar = new SingleBar({
    format: `${title.padEnd(9)} ${process.stderr.isTTY ? '{bar} ' : ''}{percentage}% of {total}`,
    clearOnComplete: true,
    // Leave the terminal as it is, so that there is nothing to reset after a Ctrl-C
    linewrap: true,
    // Where there is no terminal, print a line every 5 s
    noTTYOutput: true,
    notTTYSchedule: 5000
  })
  let result
  try {
    result = await run((done, total) => bar.isActive ? bar.update(done) : bar.start(total, done))
  } finally {
    bar.stop()
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  print(title, `${await describe(result)} (${seconds} s)`)
  return result
}
