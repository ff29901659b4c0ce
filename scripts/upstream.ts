/*
 * Turns patches/ into commits of a checkout of OrbitDB: each patch with its tests, docs and changelog
 * entry. After each commit it runs the linter and all tests there, and at the end prints what came out.
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

if (values.help || positionals.length !== 1) {
  process.stderr.write(`${usage}\n`)
  process.exit(values.help ? 0 : 2)
}

try {
  const checkout = await createCheckout(positionals[0])
  const rows: Row[] = []

  const check = async ({ subject, files }: Pick<Row, 'subject' | 'files'>): Promise<void> => {
    process.stderr.write(`${subject}\n`)
    const lint = await checkout.lint()
    const tests = values['no-tests'] ? undefined : await checkout.test()
    rows.push({ subject, files, lint, tests })
  }

  await check({ subject: 'before the first', files: 0 })
  await checkout.branch(values.branch)
  for (const step of await readSeries()) {
    await check(await checkout.commit(step))
  }

  process.stdout.write(`${formatTable(rows)}\n`)
  process.exitCode = rows.every(({ lint, tests }) => lint === 'clean' && (tests?.failing ?? 0) === 0) ? 0 : 1
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
