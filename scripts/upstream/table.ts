import type { TestResult } from './checkout.ts'

/** What came out for a commit. */
export interface Row {
  subject: string
  /** How many files it changes. */
  files: number
  lint: 'clean' | 'not clean'
  /** Undefined when they were left out. */
  tests?: TestResult
}

/** The rows as a Markdown table. */
export function formatTable (rows: Row[]): string {
  const lines = rows.map(({ subject, files, lint, tests }, i) => [
    String(i),
    subject,
    String(files),
    lint,
    tests == null ? 'not run' : `${tests.passing} passing${tests.failing > 0 ? `, ${tests.failing} failing` : ''}`
  ])
  const header = ['', 'commit', 'files', 'standard', 'tests']
  return [header, header.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
