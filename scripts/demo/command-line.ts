// Runs the command line as its users do, in processes of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ChildProcess } from 'node:child_process'

const cli = join(import.meta.dirname, '../../src/cli/index.ts')

export interface CommandLine {
  /** Runs a command, like `verify packages.car`, and returns what it prints. */
  run: (command: string) => Promise<string>
  /** Stops the command that is running, if there is one. Nothing of it is left then. */
  stop: () => Promise<void>
}

/** The command line, in a directory. */
export function createCommandLine (directory: string): CommandLine {
  let running: { child: ChildProcess, closed: Promise<unknown> } | undefined

  const run = async (command: string): Promise<string> => {
    const child = spawn(process.execPath, [cli, ...command.split(' ')], {
      cwd: directory,
      // It shows its progress on terminals, and there its errors are seen as well
      stdio: ['ignore', 'pipe', process.stderr.isTTY ? 'inherit' : 'pipe']
    })
    const closed = once(child, 'close')
    running = { child, closed }
    const [[code], stdout, stderr] = await Promise.all([closed, text(child.stdout!), child.stderr == null ? '' : text(child.stderr)])
    running = undefined
    if (code !== 0) {
      throw new Error([`"orbitdb-backup ${command}" ended with exit code ${code}`, stderr.trim()].filter(Boolean).join(': '))
    }
    process.stderr.write(stderr)
    return stdout.trim()
  }

  const stop = async (): Promise<void> => {
    // Not with SIGINT: that of a Ctrl-C was sent to it as well, and with a second one it would not clean up
    running?.child.kill('SIGTERM')
    await running?.closed
  }

  return { run, stop }
}
