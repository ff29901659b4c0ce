import { CustomProgressEvent } from 'progress-events'

/** How much of something is done. */
export interface Amount {
  done: number
  /** Where it is known. */
  total?: number
}

/** Tells how far an operation on an archive has come: a `ProgressEvent` of progress-events. */
export interface ArchiveProgressEvent<Type extends string = string> {
  type: Type
  detail: {
    blocks: Amount
    bytes: Amount
  }
}

/** Options that operations on archives have in common. */
export interface ArchiveOptions<Event = ArchiveProgressEvent> {
  signal?: AbortSignal
  onProgress?: (event: Event) => void
}

/** Creates a function that is told what was done, and reports it as progress. */
export function createProgress<Type extends string> (
  type: Type,
  onProgress: ((event: ArchiveProgressEvent<Type>) => void) | undefined,
  total: { blocks?: number, bytes?: number } = {}
): (blocks: number, bytes: number) => void {
  const done = { blocks: 0, bytes: 0 }
  return (blocks, bytes) => {
    done.blocks += blocks
    done.bytes += bytes
    const detail = {
      blocks: { done: done.blocks, total: total.blocks },
      bytes: { done: done.bytes, total: total.bytes }
    }
    onProgress?.(new CustomProgressEvent(type, detail))
  }
}
