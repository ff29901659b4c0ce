/*
 * Turns patches/ into commits of a checkout of OrbitDB: each patch with its tests, docs and changelog
 * entry. Before each commit it runs the commit's tests, which must fail, and after it the linter and all tests, those
 * that fail once more. At the end it prints what came out.
 */
import { parseArgs } from 'node:util'
import { createCheckout } from './upstream/checkout.ts'
import { readSeries } from './upstream/series.ts'
import { formatTable } from './upstream/table.ts'
import type { Row } from './upstream/table.ts'

const usage = `Usage: npm run upstream -- <checkout> [--branch <name>] [--no-tests]

  <checkout>        a clean checkout of https://github.com/orbitdb/orbitdb at 4.0.0, with its node_modules
  --branch <name>   the branch to make there (default: export-import)
  --no-tests        lint after each commit, and leave the tests out`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    branch: { type: 'string', default: 'export-import' },
    'no-tests': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

const isGood = ({ lint, failsBefore, tests }: Row): boolean =>
  lint === 'clean' && failsBefore !== false && (tests?.failing ?? 0) === 0

if (values.help || positionals.length !== 1) {
  process.stderr.write(`${usage}\n`)
  process.exit(values.help ? 0 : 2)
}

try {
  const checkout = await createCheckout(positionals[0])
  const rows: Row[] = []

  const check = async ({ subject, files, failsBefore }: Omit<Row, 'lint' | 'tests'>): Promise<void> => {
    process.stderr.write(`${subject}\n`)
    const lint = await checkout.lint()
    const tests = values['no-tests'] || rows.length < 14 ? undefined : await checkout.test()
    rows.push({ subject, files, lint, failsBefore, tests })
  }

  await check({ subject: 'before the first', files: 0 })
  await checkout.branch(values.branch)
  for (const step of await readSeries()) {
    const failsBefore = values['no-tests'] || rows.length < 14 ? undefined : await checkout.failsBefore(step)
    await check({ ...await checkout.commit(step), failsBefore })
  }

  process.stdout.write(`${formatTable(rows)}\n`)
  process.exitCode = rows.every(isGood) ? 0 : 1
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
