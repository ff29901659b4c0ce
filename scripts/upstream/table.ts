import type { TestResult } from './checkout.ts'

/** What came out for a commit. */
export interface Row {
  subject: string
  /** How many files it changes. */
  files: number
  lint: 'clean' | 'not clean'
  /** Whether its own tests fail without it; undefined when tests were left out, or where there are none. */
  failsBefore?: boolean
  /** Undefined when they were left out. */
  tests?: TestResult
}

/** The rows as a Markdown table. */
export function formatTable (rows: Row[]): string {
  const lines = rows.map(({ subject, files, lint, failsBefore, tests }, i) => [
    String(i),
    subject,
    String(files),
    lint,
    failsBefore == null ? '' : failsBefore ? 'fail' : 'pass',
    tests == null ? 'not run' : `${tests.passing} passing${tests.failing > 0 ? `, ${tests.failing} failing` : ''}`
  ])
  const header = ['', 'commit', 'files', 'standard', 'its tests without it', 'all tests']
  return [header, header.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
