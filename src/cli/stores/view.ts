import { copyFile, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CLIError } from '../errors.ts'

/** Another directory with what is in a LevelDB: its tables are links, as LevelDB never changes one. */
export interface View {
  path: string
  /**
   * Removes it.
   *
   * @throws CLIError when the LevelDB was written to since the view was made.
   */
  close: () => Promise<void>
  /** Removes it, and checks nothing. */
  remove: () => Promise<void>
}

const isTable = (name: string): boolean => /\.(ldb|sst)$/.test(name)

/** Whether a file says what is in a LevelDB: which tables, and what is not in a table yet. */
const isState = (name: string): boolean => /^(CURRENT|MANIFEST-\d+|\d+\.log)$/.test(name)

/** What is different after each write. */
async function stateOf (path: string): Promise<string> {
  const names = (await readdir(path)).filter(isState).sort()
  const stats = await Promise.all(names.map(name => stat(join(path, name))))
  return JSON.stringify([await readFile(join(path, 'CURRENT'), 'utf8'), ...names.map((name, i) => [name, stats[i].size, stats[i].mtimeMs])])
}

/** Makes a view of a LevelDB that can not be written to, and so not be locked either. */
export async function createView (path: string): Promise<View> {
  const target = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
  const remove = (): Promise<void> => rm(target, { recursive: true, force: true })
  const check = async (before: string): Promise<void> => {
    if (await stateOf(path).catch(() => undefined) !== before) {
      throw new CLIError('inUse', `"${path}" was written to while it was read: stop the node, or use the library in it`)
    }
  }
  try {
    const state = await stateOf(path)
    for (const name of await readdir(path)) {
      if (isTable(name)) {
        // Not everybody may make links on Windows
        await symlink(resolve(path, name), join(target, name)).catch(() => copyFile(join(path, name), join(target, name)))
      } else if (isState(name)) {
        await copyFile(join(path, name), join(target, name))
      }
    }
    await check(state)
    const close = async (): Promise<void> => {
      await remove()
      await check(state)
    }
    return { path: target, close, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
