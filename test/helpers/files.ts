import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The paths of the files under a directory, and what is in each. */
export async function readFiles (directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name)
      files[path.slice(directory.length)] = await readFile(path, 'utf8')
    }
  }
  return files
}
