import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatTable, report } from '../benchmarks/report.ts'
import { formatBytes, formatRatio, formatSpread, formatTime } from '../benchmarks/report/format.ts'
import { spread } from '../benchmarks/report/spread.ts'
import { useReplicas } from './helpers/replicas.ts'
import type { Aspect, DatasetResults, Results, Sample, WayResults } from '../benchmarks/results.ts'

const aspects: Aspect[] = ['entries', 'heads', 'index', 'records', 'access controller', 'identities', 'pins', 'private keys']

const toSample = (median: number): Sample => ({ median, min: median * 0.9, max: median * 1.1, values: [median * 0.9, median, median * 1.1] })

const createWay = (name: string, ms: number, lost: Aspect[], more: Partial<WayResults> = {}): WayResults => ({
  name,
  about: `What ${name} is`,
  orbitdb: 'stock',
  reads: 'running node',
  checks: 'nothing',
  backup: { time: toSample(ms), peakMemory: toSample(1e8) },
  artifactBytes: 3.2e6,
  restore: { time: toSample(ms * 2), firstRead: toSample(ms * 3), completeRead: toSample(ms * 4), peakMemory: toSample(2e8) },
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
    entries > 1000
      ? { name: 'slow & <steady>', about: 'Is slow', orbitdb: 'stock', reads: 'running node', checks: 'nothing', skipped: `it would take hours with ${entries} entries` }
      : createWay('slow & <steady>', entries * 900, []),
    createWay('no database', entries * 2, [], { same: undefined, restore: { time: toSample(entries) } })
  ],
  ...more
})

const createResults = (datasets = [createDataset(10_000), createDataset(1000)]): Results => ({
  date: '2025-11-03T09:41:00.000Z',
  command: 'npm run bench',
  machine: { cpu: 'A processor', cores: 2, memoryBytes: 8e9, os: 'Linux 6.1.0' },
  versions: { node: '24.21.0', 'orbitdb-backup': '0.1.0', '@orbitdb/core': '4.0.0', helia: '7.1.15', level: '10.0.0', git: '2.39.5' },
  rounds: 3,
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

  /** The cells of the rows for a way, from the tables of the largest dataset. */
  const cellsOf = (markdown: string, name: string): string[] => {
    const [, dataset] = markdown.split('## 10,000 entries, 1 writer, 1 head\n')
    const rows = dataset.split('\n## ')[0].split('\n').filter(line => line.startsWith(`| ${name} |`))
    return rows.flatMap(row => row.slice(2, -2).split(' | ').slice(1)).map(cell => cell.replaceAll('\u00a0', ' ').replaceAll('\u2060', ''))
  }

  describe('as Markdown', () => {
    let markdown: string

    before(async () => {
      markdown = (await write(createResults()))['results.md']
    })

    it('says what each way takes, compared with a copy, and what is lost', () => {
      deepStrictEqual(cellsOf(markdown, '**ours**'), [
        '30 s ×3.0<br><sub>27–33 s</sub>',
        '1.0 min ×3.0<br><sub>54 s – 1.1 min</sub>',
        '1.5 min ×3.0<br><sub>1.4–1.7 min</sub>',
        '2.0 min ×3.0<br><sub>1.8–2.2 min</sub>',
        '3.2 MB',
        '100 MB<br><sub>90–110 MB</sub>',
        '200 MB<br><sub>180–220 MB</sub>',
        'private keys',
        'everything',
        'may run'
      ])
    })

    it('says what is lost in few words, and which node must be stopped', () => {
      deepStrictEqual(cellsOf(markdown, 'filesystem copy').slice(-3), ['nothing', 'nothing', 'stopped'])
      deepStrictEqual(cellsOf(markdown, 'of the heads').slice(-3), ['pins, private keys', 'nothing', 'may run'])
      strictEqual(cellsOf(markdown, 'blocks \\| only').at(-3), 'all but identities')
    })

    it('has no ratio for the copy itself', () => {
      strictEqual(cellsOf(markdown, 'filesystem copy')[0], '10 s<br><sub>9.0–11 s</sub>')
    })

    it('has nothing to say of a database where there is none', () => {
      const cells = cellsOf(markdown, 'no database')
      deepStrictEqual(cells.slice(2, 4), ['–', '–'])
      strictEqual(cells.at(-3), '–')
    })

    it('says why a way was not run', () => {
      match(markdown, /^Not run:\n\n- \*\*slow & &lt;steady>\*\*: it would take hours with 10000 entries$/m)
      deepStrictEqual(cellsOf(markdown, 'slow & &lt;steady>'), [])
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

    it('compares with nothing where no copy was made', async () => {
      const dataset = createDataset(10_000)
      const ways = dataset.ways.filter(({ name }) => name !== 'filesystem copy')
      const { 'results.md': markdown } = await write(createResults([{ ...dataset, ways }]))
      strictEqual(cellsOf(markdown, '**ours**')[0], '30 s<br><sub>27–33 s</sub>')
    })
  })

  describe('as charts', () => {
    const escaped = ['filesystem copy', 'ours', 'of the heads', 'blocks | only', 'slow &amp; &lt;steady&gt;', 'no database']

    for (const file of ['backup.svg', 'restore.svg', 'trade-off.svg']) {
      it(`${file} names each way, on a background`, async () => {
        const { [file]: svg, 'results.md': markdown } = await write(createResults())
        ok(markdown.includes(`](${file})`))
        checkXML(svg)
        for (const name of escaped) {
          // Where a line ends early its time follows
          ok(textsOf(svg).some(text => text === name || text.startsWith(`${name}  `)), name)
        }
        match(svg, /^<svg [^>]+>\n<rect width="960" height="\d+" x="0" y="0" fill="#ffffff"><\/rect>/)
      })
    }

    it('show databases of one writer, from small to large', async () => {
      const others = [
        createDataset(50_000, { name: '50000-entries-4-writers', writers: 4 }),
        createDataset(70_000, { name: '70000-entries-1-writer-indexed' })
      ]
      const { 'results.md': markdown, ...charts } = await write(createResults())
      const { 'results.md': more, ...same } = await write(createResults([...others, ...createResults().datasets]))
      deepStrictEqual(same, charts)
      match(more, /^## 50,000 entries, 4 writers, 1 head$/m)
      match(more, /^## 70,000 entries, 1 writer, 1 head, KeyValueIndexed$/m)
    })

    it('say what is guaranteed, from most to least', async () => {
      const { 'trade-off.svg': svg } = await write(createResults())
      const texts = textsOf(svg)
      deepStrictEqual(texts.filter(text => escaped.includes(text) || /^(The same|All entries|Entries|No Orbit)/.test(text)), [
        'The same database, each entry verified: its hash, its signature, and that its writer may write', 'ours',
        'The same database, nothing verified', 'filesystem copy', 'slow &amp; &lt;steady&gt;',
        'All entries are there, other parts of the database are lost', 'of the heads',
        'Entries are lost', 'blocks | only',
        'No OrbitDB database', 'no database'
      ])
      ok(texts.includes('not run with so many entries'))
    })

    it('are left out where nothing was measured', async () => {
      const ways = createDataset(10_000).ways.filter(({ skipped }) => skipped !== undefined)
      const files = await write(createResults([createDataset(10_000, { ways })]))
      deepStrictEqual(Object.keys(files), ['results.md'])
      strictEqual(files['results.md'].includes('.svg'), false)
    })
  })

  it('is the same for the same results', async () => {
    deepStrictEqual(await write(createResults()), await write(createResults()))
  })

  it('as plain text has a line for each way', () => {
    const [first] = formatTable(createResults()).split('\n\n')
    strictEqual(first, [
      '10,000 entries, 1 writer, 1 head',
      '                 backup  restore  complete read    size  lost',
      'filesystem copy    10 s     20 s           40 s  3.2 MB  nothing',
      'ours               30 s  1.0 min        2.0 min  3.2 MB  private keys',
      'of the heads       50 s  1.7 min        3.3 min  3.2 MB  pins, private keys',
      'blocks | only      40 s  1.3 min        2.7 min  3.2 MB  all but identities',
      'no database        20 s     10 s              –  3.2 MB  –',
      'slow & <steady>: not run, it would take hours with 10000 entries'
    ].join('\n'))
  })

  it('writes numbers as people do', () => {
    deepStrictEqual([0, 0.123, 1.26, 12.6, 126, 999.7, 1260, 12_600, 126_000, 126_000_000].map(formatTime), [
      '0 ms', '0.12 ms', '1.3 ms', '13 ms', '126 ms', '1.0 s', '1.3 s', '13 s', '2.1 min', '35 h'
    ])
    deepStrictEqual([0, 990, 1500, 2.4e6, 1.28e9].map(formatBytes), ['0 B', '990 B', '1.5 kB', '2.4 MB', '1.3 GB'])
    deepStrictEqual([1, 30, 1234].map(number => formatRatio(number, 10)), ['×0.1', '×3.0', '×123'])
    strictEqual(formatSpread({ min: 950, median: 1000, max: 1100, values: [] }, formatTime), '950 ms – 1.1 s')
    strictEqual(formatSpread({ min: 1000, median: 1000, max: 1001, values: [] }, formatTime), undefined)
  })

  it('moves labels apart, no more than it takes', () => {
    deepStrictEqual(spread([50, 10, 30], 10, 0, 100), [50, 10, 30])
    deepStrictEqual(spread([50, 50, 52], 10, 0, 100), [40 + 2 / 3, 50 + 2 / 3, 60 + 2 / 3])
    deepStrictEqual(spread([99, 98], 10, 0, 100), [100, 90])
    deepStrictEqual(spread([1, 2], 10, 0, 100), [0, 10])
  })
})

const textsOf = (svg: string): string[] => [...svg.matchAll(/>([^<]+)<\/text>/g)].map(([, text]) => text)

/** Fails unless all tags are closed in their order, and no other `<` or `&` is left. */
function checkXML (xml: string): void {
  const open: string[] = []
  for (const [tag, close, name, attributes, isEmpty] of xml.matchAll(/<(\/?)([\w:]+)((?: [\w:-]+="[^"<]*")*) ?(\/?)>/g)) {
    if (close) {
      strictEqual(open.pop(), name, tag)
    } else if (!isEmpty) {
      open.push(name)
    }
    strictEqual(new Set(attributes.match(/ [\w:-]+=/g)).size, attributes.match(/ [\w:-]+=/g)?.length ?? 0, tag)
  }
  deepStrictEqual(open, [])
  const rest = xml.replaceAll(/<\/?[\w:]+(?: [\w:-]+="[^"<]*")* ?\/?>/g, '')
  strictEqual(/<|&(?!(amp|lt|gt|quot|#\d+);)/.test(rest), false, rest)
}
