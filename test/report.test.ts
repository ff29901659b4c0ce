import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { report } from '../benchmarks/report.ts'
import { round, seconds } from '../benchmarks/numbers.ts'
import { pages, withResults } from '../benchmarks/pages.ts'
import { toFloorTable, toMemoryTable } from '../benchmarks/tables.ts'
import { aspects } from '../benchmarks/way.ts'
import { root } from './helpers/scripts.ts'
import { useReplicas } from './helpers/replicas.ts'
import type { Aspect, DatasetResults, Results, WayResults } from '../benchmarks/way.ts'

const createWay = (name: string, ms: number, lost: Aspect[], more: Partial<WayResults> = {}): WayResults => ({
  name,
  about: `What ${name} is`,
  orbitdb: 'stock',
  reads: 'running node',
  checks: 'nothing',
  // The median of three is that of the second
  rounds: [0.9, 1, 7].map(factor => {
    const taken = (times: number) => ({ wall: ms * times * factor, cpu: ms, peak: 2e8 * factor, used: 0 })
    return { backup: taken(1), artifactBytes: 3.2e6, restore: { ...taken(2), firstRead: ms * 3 * factor, completeRead: ms * 4 * factor } }
  }),
  same: Object.fromEntries(aspects.map(aspect => [aspect, !lost.includes(aspect)])) as Record<Aspect, boolean>,
  ...more
})

const createDataset = (entries: number, more: Partial<DatasetResults> = {}): DatasetResults => ({
  name: `${entries}-entries-1-writer`,
  entries,
  writers: 1,
  heads: 1,
  entryBytes: 1500,
  nodeBytes: entries * 2000,
  ways: [
    createWay('filesystem copy', entries, [], { reads: 'stopped node' }),
    createWay('ours', entries * 3, ['private keys'], { orbitdb: 'patched', checks: 'everything' }),
    createWay('of the heads', entries * 5, ['pins', 'private keys']),
    createWay('blocks | only', entries * 4, aspects.filter(aspect => aspect !== 'identities'), { checks: 'hashes' }),
    createWay('slow & <steady>', entries * 90, []),
    createWay('no database', entries * 2, [], { same: undefined, rounds: [{ restore: { wall: entries, cpu: entries, used: 0 } }] })
  ],
  ...more
})

const createResults = (datasets = [createDataset(10_000), createDataset(1000)]): Results => ({
  date: '2025-11-03T09:41:00.000Z',
  command: 'npm run bench',
  machine: { cpu: 'A processor', cores: 2, memoryBytes: 8e9, os: 'Linux 6.1.0' },
  versions: { node: '24.21.0', 'orbitdb-backup': '0.1.0', '@orbitdb/core': '4.0.0', helia: '7.1.15', level: '10.0.0', git: '2.39.5' },
  datasets
})

describe('report', () => {
  const { createDirectory } = useReplicas()

  /** What a report writes: the text of each file. */
  const write = async (results: Results): Promise<Record<string, string>> => {
    const directory = join(await createDirectory(), 'results')
    await report(results, directory)
    const files = (await readdir(directory)).sort()
    return Object.fromEntries(await Promise.all(files.map(async file => [file, await readFile(join(directory, file), 'utf8')])))
  }

  /** The cells of the row for a way, from the table of the largest dataset. */
  const cellsOf = (markdown: string, name: string): string[] => {
    const [, dataset] = markdown.split('## 10,000 entries, 1 writer, 1 head\n')
    const row = dataset.split('\n## ')[0].split('\n').find(line => line.startsWith(`| ${name} |`))
    return row?.slice(2, -2).split(' | ').slice(1) ?? []
  }

  describe('as Markdown', () => {
    let markdown: string

    before(async () => {
      markdown = (await write(createResults()))['results.md']
    })

    it('says what each way takes, compared with a copy, and what is lost', () => {
      deepStrictEqual(cellsOf(markdown, '**ours**'), ['30 ×3', '60 ×3', '90 ×3', '120 ×3', '3.2', '200', 'private keys', 'everything', 'may run'])
    })

    it('says what is lost in few words, and which node must be stopped', () => {
      deepStrictEqual(cellsOf(markdown, 'filesystem copy').slice(-3), ['nothing', 'nothing', 'stopped'])
      deepStrictEqual(cellsOf(markdown, 'of the heads').slice(-3), ['pins, private keys', 'nothing', 'may run'])
      strictEqual(cellsOf(markdown, 'blocks \\| only').at(-3), 'all but identities')
    })

    it('has nothing to compare the copy with, nor the others where none was made', async () => {
      strictEqual(cellsOf(markdown, 'filesystem copy')[0], '10')
      const dataset = createDataset(10_000)
      const ways = dataset.ways.filter(({ name }) => name !== 'filesystem copy')
      strictEqual(cellsOf((await write(createResults([{ ...dataset, ways }])))['results.md'], '**ours**')[0], '30')
    })

    it('has nothing to say of a database where there is none', () => {
      const cells = cellsOf(markdown, 'no database')
      deepStrictEqual(cells.slice(2, 4), ['–', '–'])
      strictEqual(cells.at(-3), '–')
    })

    it('says what each way is, once', () => {
      strictEqual(markdown.match(/What ours is\./g)?.length, 1)
    })

    it('has tables with as many cells in each row', () => {
      for (const table of markdown.split('\n\n').filter(block => block.startsWith('|'))) {
        const counts = table.trim().split('\n').map(row => row.replaceAll('\\|', '').split('|').length)
        strictEqual(new Set(counts).size, 1, table)
      }
    })
  })

  describe('as a chart', () => {
    const escaped = ['filesystem copy', 'ours', 'of the heads', 'blocks | only', 'slow &amp; &lt;steady&gt;', 'no database']

    it('shows databases of one writer, and is the same for the same results', async () => {
      const others = [
        createDataset(50_000, { name: '50000-entries-4-writers', writers: 4 }),
        createDataset(70_000, { name: '70000-entries-1-writer-indexed', isIndexed: true })
      ]
      const { 'trade-off.svg': chart, 'results.md': markdown } = await write(createResults())
      const { 'trade-off.svg': same, 'results.md': more } = await write(createResults([...others, ...createResults().datasets]))
      strictEqual(same, chart)
      ok(markdown.includes('](trade-off.svg)'))
      match(more, /^## 50,000 entries, 4 writers, 1 head$/m)
      match(more, /^## 70,000 entries, 1 writer, 1 head, KeyValueIndexed$/m)
    })

    it('says what is guaranteed, from most to least', async () => {
      const { 'trade-off.svg': svg } = await write(createResults())
      checkXML(svg)
      const texts = textsOf(svg)
      deepStrictEqual(texts.filter(text => escaped.includes(text) || /^(The same|All entries|Entries|No Orbit)/.test(text)), [
        'The same database, each entry verified: its hash, its signature, and that its writer may write', 'ours',
        'The same database, nothing verified', 'filesystem copy', 'slow &amp; &lt;steady&gt;',
        'All entries are there, other parts of the database are lost', 'of the heads',
        'Entries are lost', 'blocks | only',
        'No OrbitDB database', 'no database'
      ])
      deepStrictEqual(['1 s', '10 s', '100 s', '1,000 s'].filter(tick => !texts.includes(tick)), ['1 s'])
    })
  })

  it('is what benchmarks/results and the pages show: `npm run bench:renew -- --show` writes it', async () => {
    const directory = join(root, 'benchmarks/results')
    const { 'results.json': json, ...written } = await write(JSON.parse(await readFile(join(directory, 'results.json'), 'utf8')))
    for (const [name, text] of Object.entries(written)) strictEqual(await readFile(join(directory, name), 'utf8'), text, name)
    for (const path of pages) {
      const page = await readFile(join(root, path), 'utf8')
      match(page, /<!-- \w+\.json -->\n\n[^]+\n<!-- end -->/, path)
      strictEqual(page, await withResults(page), path)
    }
  })

  it('compares with the floor and with git, and says what was asked for', () => {
    const taken = Object.fromEntries(['floor of a backup', 'git bundle create', 'create', 'increment of 100', 'floor of a restore', 'signatures, addon', 'git clone', 'restore, addon']
      .map((name, i) => [name, { wall: 1000 * (i + 1), cpu: 2000 * (i + 1) }]))
    const table = toFloorTable({ date: '2025-11-03T09:41:00.000Z', entries: 100_000, entryBytes: 1500, rounds: 3, taken })
    match(table, /^100,000 entries of 1,500 bytes on 2025-11-03, medians of 3 rounds/)
    match(table, /^\| git bundle create \| 40.0 \| 2 \| {2}\| {2}\| {2}\| {2}\|$/m)
    match(table, /^\| \*\*create\*\* \| 60.0 \| 3 \| 3.00 \| 1.50 \| 1.50 \| floor × 1.8, git × 0.75 \|$/m)
    // With signatures, what is verified can not do without them
    match(table, /^\| \*\*restore, addon\*\* \| 160.0 \| 8 \| 0.73 \| 1.14 \| 1.14 \| git × 1.2 \|$/m)
  })

  it('says what an entry more takes of memory', () => {
    const rows = [[1000, 1e6], [2000, 1e6], [11_000, 2e6]].map(([entries, used]) => ({ operation: 'create', entries, used, wall: 1, cpu: 1, peak: 1 }))
    match(toMemoryTable({ date: '2025-11-03T09:41:00.000Z', rows }), /^\| create \| 1.0 \| 2.0 \| 100 \|$/m)
  })

  it('writes numbers as people do', () => {
    deepStrictEqual([0, 0.123, 1.26, 9.94, 9.96, 12.6, 126, 1260].map(round), ['0', '0.12', '1.3', '9.9', '10', '13', '126', '1,260'])
    strictEqual(seconds(1260), '1.3')
  })
})

/** The texts of a chart from top to bottom. */
const textsOf = (svg: string): string[] => [...svg.matchAll(/<text [^>]*translate\([\d.]+,([\d.]+)\)[^>]*>([^<]+)<\/text>/g)]
  .sort(([, a], [, b]) => Number(a) - Number(b)).map(([, , text]) => text)

/** Fails unless all tags are closed in their order, and no other `<` or `&` is left. */
function checkXML (xml: string): void {
  const open: string[] = []
  for (const [tag, close, name, isEmpty] of xml.matchAll(/<(\/?)([\w:]+)(?: [\w:-]+="[^"<]*")* ?(\/?)>/g)) {
    if (close) {
      strictEqual(open.pop(), name, tag)
    } else if (!isEmpty) {
      open.push(name)
    }
  }
  deepStrictEqual(open, [])
  const rest = xml.replaceAll(/<\/?[\w:]+(?: [\w:-]+="[^"<]*")* ?\/?>/g, '')
  strictEqual(/<|&(?!(amp|lt|gt);)/.test(rest), false, rest)
}
