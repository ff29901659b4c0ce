// Programs that do what a way does. There is one of them at a time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { peakMemoryOf } from './memory.ts'

// How often it is asked how much memory a program has, in ms
const interval = 5

/** The programs that were run here. */
export const programs: {
  areRun: boolean
  /** The most memory that one has had, in bytes; undefined where it was over too soon to tell. */
  peakMemory?: number
} = { areRun: false }

/**
 * Runs a program.
 *
 * @param input - what it is given to read
 * @throws Error when it fails.
 */
export async function run (command: string, args: string[], input?: Iterable<string>): Promise<void> {
  const program = spawn(command, args, { stdio: [input == null ? 'ignore' : 'pipe', 'ignore', 'pipe'] })
  programs.areRun = true
  let errors = ''
  program.stderr!.on('data', data => { errors += data })
  const measure = (): void => {
    const memory = program.pid == null ? undefined : peakMemoryOf(program.pid)
    if (memory != null) {
      programs.peakMemory = Math.max(programs.peakMemory ?? 0, memory)
    }
  }
  const timer = setInterval(measure, interval)
  try {
    measure()
    const closed = once(program, 'close')
    for (const chunk of input ?? []) {
      if (!program.stdin!.write(chunk)) {
        await Promise.race([once(program.stdin!, 'drain'), closed])
      }
    }
    program.stdin?.end()
    const [code, signal] = await closed
    if (code !== 0) {
      throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${errors.trim()}`)
    }
  } finally {
    clearInterval(timer)
  }
}
