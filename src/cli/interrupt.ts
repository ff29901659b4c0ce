import { constants } from 'node:os'
import { CLIError } from './errors.ts'

/** Makes a signal that is aborted by Ctrl-C and the like: once, so that a second one ends the process. */
export function onInterrupt (): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => controller.abort(new CLIError(128 + constants.signals[name], 'Interrupted')))
  }
  return controller.signal
}
