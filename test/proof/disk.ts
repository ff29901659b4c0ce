// A small disk: a tmpfs, which only root can mount
import { execFile } from 'node:child_process'
import { mkdir, statfs } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Disk {
  path: string
  /** Leaves so many bytes free, in whole pages. */
  leave: (bytes: number) => Promise<void>
  /** Makes room again. */
  makeRoom: () => Promise<void>
  used: () => Promise<number>
  unmount: () => Promise<void>
}

/** Whether disks can be made here. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0

const roomy = 2 ** 28

/** Mounts a disk with much room. */
export async function mountDisk (path: string): Promise<Disk> {
  await mkdir(path, { recursive: true })
  const resize = async (bytes: number): Promise<void> => { await run('mount', ['-o', `remount,size=${bytes}`, path]) }
  const used = async (): Promise<number> => {
    const { blocks, bfree, bsize } = await statfs(path)
    return (blocks - bfree) * bsize
  }
  await run('mount', ['-t', 'tmpfs', '-o', `size=${roomy}`, 'tmpfs', path])
  return {
    path,
    used,
    // A size of 0 is no limit at all
    leave: async bytes => resize(Math.max(4096, await used() + bytes)),
    makeRoom: () => resize(roomy),
    unmount: async () => { await run('umount', ['-l', path]) }
  }
}
