import { readdir } from 'node:fs/promises'

/** The names in a directory; none when there is no such directory. */
export async function namesIn (path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return []
    }
    throw error
  }
}
