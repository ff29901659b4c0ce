import { once } from 'node:events'
import stringWidth from 'string-width'
import { createProgressBar } from './progress.ts'
import { escapeLines, oneLine, toJSON } from './text.ts'
import type { ArchiveProgressEvent } from '../index.ts'

/** How a command tells what it does. */
export interface Output {
  /** Prints what was asked for, in one of its forms. */
  result: (result: { json: unknown, text: () => string }) => void
  /**
   * Prints one line of what was asked for, and resolves when there is room for the next one.
   *
   * @returns Whether somebody reads it.
   */
  line: (line: string) => Promise<boolean>
  /** Prints something that a user ought to know, to standard error. */
  warn: (message: string) => void
  /** Shows progress on a terminal. */
  onProgress: (event: ArchiveProgressEvent) => void
  /** What is known of the amounts that progress is to reach. */
  expect: (totals: { bytes?: number, blocks?: number }) => void
  /** Removes what shows progress. */
  stop: () => void
}

/** Options that all commands have. */
export interface OutputOptions {
  json?: boolean
  quiet?: boolean
}

/**
 * @param isAsked - whether the result is what the command is for, so that it is printed in any case
 */
export function createOutput ({ json = false, quiet = false }: OutputOptions, isAsked: boolean): Output {
  const bar = createProgressBar(process.stderr, process.stderr.isTTY && !quiet)
  return {
    result: ({ json: value, text }) => {
      bar.stop()
      if (json) {
        process.stdout.write(`${toJSON(value)}\n`)
      } else if (!quiet || isAsked) {
        process.stdout.write(`${escapeLines(text())}\n`)
      }
    },
    line: async line => {
      if (process.stdout.writable && !process.stdout.write(`${line}\n`)) {
        await once(process.stdout, 'drain').catch(() => {})
      }
      return process.stdout.writable
    },
    warn: message => {
      bar.stop()
      if (!quiet) {
        process.stderr.write(`note: ${oneLine(message)}\n`)
      }
    },
    onProgress: bar.onProgress,
    expect: bar.expect,
    stop: bar.stop
  }
}

const numbers = new Intl.NumberFormat('en')

/** A number of things: "1 entry", "1,234 entries". */
export const count = (number: number, one: string, many = `${one}s`): string => `${numbers.format(number)} ${number === 1 ? one : many}`

export const countEntries = (number: number): string => count(number, 'entry', 'entries')

/** A number of databases, beside which there are some of access controllers. */
export const countDatabases = (number: number, access: number): string => `${count(number, 'database')}${access === 0 ? '' : ` and ${count(access, 'of an access controller', 'of access controllers')}`}`

/** The roots of one archive, or of several. */
export const formatRoots = (roots: string[]): string => `root${roots.length === 1 ? '' : 's'} ${roots.join(', ')}`

/** The first of several names, and how many more there are. */
export const formatSome = (names: string[], most = 5): string => [...names.slice(0, most), ...names.length > most ? [`and ${names.length - most} more`] : []].join(', ')

/** A number of bytes: "12.3 MB". */
export function formatSize (bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** Rows as columns that are as wide as they need to be. */
export function formatTable (rows: string[][]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => stringWidth(row[i]))))
  return rows.map(row => row.map((cell, i) => cell + ' '.repeat(widths[i] - stringWidth(cell))).join('  ').trimEnd()).join('\n')
}
