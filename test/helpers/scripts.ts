import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** The directory of the project. */
export const root = join(import.meta.dirname, '../..')

export interface StartOptions {
  /** Where the script keeps what it needs for a while. */
  temporary: string
  env?: Record<string, string>
}

/** Starts a script of the project, and collects what it prints until it ends. */
export function startScript (args: string[], { temporary, env }: StartOptions) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    .then(([[code, signal], stdout, stderr]) => ({ code, signal, stdout, stderr }))
  return { child, ended }
}
