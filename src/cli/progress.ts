import cliProgress from 'cli-progress'
import { count, formatSize } from './output.ts'
import type { ArchiveProgressEvent } from '../index.ts'

export interface ProgressBar {
  onProgress: (event: ArchiveProgressEvent) => void
  /** Tells what the totals are, where the library does not know them. */
  expect: (totals: Totals) => void
  stop: () => void
}

interface Totals {
  bytes?: number
  blocks?: number
}

/** What is being done, by the last part of the type of an event. */
const labels: Record<string, string> = { read: 'Reading', write: 'Writing', import: 'Restoring' }

const labelOf = (type: string): string => labels[type.split(':').pop()!] ?? type

/** How far one thing has come. */
interface State {
  label: string
  unit: keyof Totals
  done: number
  total?: number
  /** When it started, in milliseconds. */
  start: number
}

const formatTime = (seconds: number): string => {
  const all = Math.ceil(seconds)
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`
}

const formatAmount = (amount: number, unit: keyof Totals): string => unit === 'bytes' ? formatSize(amount) : count(amount, 'block')

/** One line that says how far something has come, how fast, and how long it will take. */
export function formatProgress ({ label, unit, done, total, start }: State, bar: (progress: number) => string, now = Date.now()): string {
  const perSecond = done / Math.max(0.001, (now - start) / 1000)
  const amount = `${formatAmount(done, unit)}${total == null ? '' : ` of ${formatAmount(total, unit)}`}`
  const rate = `${formatAmount(Math.round(perSecond), unit)}/s`
  if (total == null) {
    return `${label}  ${amount}  ${rate}`
  }
  const progress = total === 0 ? 1 : Math.min(1, done / total)
  const left = done === 0 ? '' : `  ${formatTime(Math.max(0, total - done) / perSecond)} left`
  return `${label}  ${bar(progress)} ${Math.floor(progress * 100)}%  ${amount}  ${rate}${left}`
}

/** A bar that is there while something is being done. */
export function createProgressBar (stream: NodeJS.WriteStream, isShown: boolean): ProgressBar {
  let expected: Totals = {}
  let state: State | undefined

  const bar = new cliProgress.SingleBar({
    stream,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 20,
    format: options => formatProgress(state!, progress => cliProgress.Format.BarFormat(progress, options))
  }, cliProgress.Presets.shades_classic)

  const stop = (): void => {
    if (state != null) {
      bar.stop()
      state = undefined
    }
  }

  return {
    stop,
    expect: totals => { expected = totals },
    onProgress: ({ type, detail: { blocks, bytes } }) => {
      if (!isShown) {
        return
      }
      const label = labelOf(type)
      const totals = { bytes: bytes.total ?? (label === 'Reading' ? expected.bytes : undefined), blocks: blocks.total ?? expected.blocks }
      const unit = totals.bytes == null && totals.blocks != null ? 'blocks' : 'bytes'
      const done = { bytes, blocks }[unit].done
      if (state?.label !== label) {
        stop()
        state = { label, unit, done, total: totals[unit], start: Date.now() }
        bar.start(totals[unit] ?? 0, 0)
      }
      state = { ...state!, done, total: totals[unit], unit }
      bar.update(done)
    }
  }
}
