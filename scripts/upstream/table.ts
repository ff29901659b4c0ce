import type { SuiteResult } from './suite.ts'

/** What came out for a commit. */
export interface Row {
  subject: string
  /** How many files it changes. */
  files: number
  lint: 'clean' | 'not clean'
  /** Whether its own tests fail without it; undefined when tests were left out, or where there are none. */
  failsBefore?: boolean
  /** Undefined when they were left out. */
  tests?: SuiteResult
}

/** The rows as a Markdown table, and below it the tests that passed only when they were repeated. */
export function formatTable (rows: Row[]): string {
  const lines = rows.map(({ subject, files, lint, failsBefore, tests }, i) => [
    String(i),
    subject,
    String(files),
    lint,
    failsBefore == null ? '' : failsBefore ? 'fail' : 'pass',
    tests == null ? 'not run' : formatTests(tests)
  ])
  const header = ['', 'commit', 'files', 'standard', 'its tests without it', 'all tests']
  const table = [header, header.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`)
  const repeated = rows.flatMap(({ tests }, i) => (tests?.repeated ?? []).map(title => `- after commit ${i}: ${title}`))
  return [...table, ...repeated.length > 0 ? ['', 'Failed, and passed when their files were repeated:', '', ...repeated] : []].join('\n')
}

const formatTests = ({ passing, failing, repeated }: SuiteResult): string => [
  `${passing} passing`,
  ...repeated.length > 0 ? [`${repeated.length} of them repeated`] : [],
  ...failing > 0 ? [`${failing} failing`] : []
].join(', ')
