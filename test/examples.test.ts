// What is in examples/, each run as a user would run it, with real remote ends on 127.0.0.1.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, preview } from 'vite'
import { executablePath, launch } from './browser/chromium.ts'
import { serveBucket } from './examples/bucket.ts'
import { serveGateway } from './examples/gateway.ts'
import { copyExamples } from './examples/run.ts'
import { serveStoracha } from './examples/storacha.js'
import { archive, readCar } from './helpers/archives.ts'
import { useReplicas } from './helpers/replicas.ts'
import { root } from './helpers/scripts.ts'
import { createBackup, restoreBackup } from '../src/index.ts'

describe('The examples', function () {
  this.timeout(120_000)

  const { createReplica } = useReplicas()
  let examples: Awaited<ReturnType<typeof copyExamples>>

  before(async () => { examples = await copyExamples() })
  after(() => examples.remove())

  it('are short', async () => {
    const names = (await readdir(join(root, 'examples'), { recursive: true })).filter(name => /\.(js|html)$/.test(name))
    ok(names.length > 0)
    for (const name of names) {
      const lines = (await readFile(join(root, 'examples', name), 'utf8')).trimEnd().split('\n')
      ok(lines.length < 60, `${name} has ${lines.length} lines`)
    }
  })

  it('nightly.js: backs up all, then what is new, and restores all of it', async () => {
    const lines = (await examples.run('nightly.js')).trim().split('\n')
    const nights = lines.slice(0, 3).map(line => /^night (\S+): (\d+) bytes, root bafy\w+$/.exec(line)!.slice(1))
    deepStrictEqual(nights.map(([night]) => night), ['2026-01-01', '2026-01-02', '2026-01-03'])
    // What was new is 20 entries of 40, and then of 60
    const [first, second, third] = nights.map(([, bytes]) => Number(bytes))
    ok(second < first * 2 && third < first * 2.5)
    strictEqual(lines[3], 'restored 60 orders')
  })

  it('new-machine.js: goes on writing elsewhere as the same identity', async () => {
    const printed = await examples.run('new-machine.js')
    match(printed, /key: 'theme'/)
    match(printed, /key: 'language'/)
    match(printed, /^address \/orbitdb\/zdpu/m)
  })

  it('other-identity.js: reads, and writes when it may', async () => {
    strictEqual(await examples.run('other-identity.js'), "Bob reads: by Alice\nBob may not write\nBob has: [ 'by Alice', 'by Bob' ]\n")
  })

  it('key-value-index.js: answers from an index right after a restore', async () => {
    strictEqual(await examples.run('key-value-index.js'), '93\n')
  })

  it('own-type.js: restores a database of a type that was registered', async () => {
    strictEqual(await examples.run('own-type.js'), 'counter at 42\n')
  })

  it('s3.js: streams to a bucket, and back', async () => {
    const bucket = await serveBucket(await mkdtemp(join(examples.directory, 's3-')))
    try {
      match(await examples.run('s3.js', [], bucket.env), /^uploaded, root bafy\w+\nHello\n$/)
      deepStrictEqual((await bucket.list()).map(({ Key }) => Key), ['posts.car'])
    } finally {
      await bucket.close()
    }
  })

  it('gateway.js: restores by a CID from a gateway', async () => {
    const { ipfs, orbitdb } = await createReplica()
    const db = await orbitdb.open('posts', { type: 'events', sync: false })
    for (let i = 0; i < 50; i++) await db.add(`post ${i}`)
    const { roots: [rootCID], blocks } = await readCar(await archive(db))
    for (const { cid, bytes } of blocks) await ipfs.blockstore.put(cid as any, bytes)
    const gateway = await serveGateway(ipfs)
    try {
      strictEqual(await examples.run('gateway.js', [gateway.url, String(rootCID)]), 'restored posts: 50 records\n')
      // Each block once
      strictEqual(gateway.asked.length, new Set(gateway.asked).size)
    } finally {
      await gateway.close()
    }
  })

  describe('storacha.js', () => {
    let storacha: Awaited<ReturnType<typeof serveStoracha>>
    before(async () => { storacha = await serveStoracha() })
    after(() => storacha?.close())

    it('uploads, and restores by the root', async () => {
      const { upload, restore } = await import(pathToFileURL(join(examples.directory, 'storacha.js')).href)
      const { orbitdb } = await createReplica()
      const { orbitdb: otherOrbitdb } = await createReplica()
      const db = await orbitdb.open('posts', { type: 'events', sync: false })
      await db.add('Hello')
      const uploaded = await upload(storacha.client, db)
      const restored = await restore(otherOrbitdb, uploaded, storacha.url)
      deepStrictEqual((await restored.all()).map(({ value }: { value: unknown }) => value), ['Hello'])
    })

    it('puts together what was cut into shards, in any order', async () => {
      const { orbitdb } = await createReplica()
      const { orbitdb: otherOrbitdb } = await createReplica()
      const db = await orbitdb.open('posts', { type: 'events', sync: false })
      for (let i = 0; i < 40; i++) await db.add('x'.repeat(40_000) + i)
      const backup = createBackup(db)
      await storacha.client.uploadCAR({ stream: () => backup.stream() }, { shardSize: 512 * 1024 })
      const shards = await storacha.shardsOf(String(await backup.root))
      ok(shards.length > 2)
      const sources = await Promise.all(shards.map(storacha.readShard))
      const restored = await restoreBackup(otherOrbitdb, { sources: sources.reverse() }, { root: await backup.root, sync: false })
      strictEqual((await restored.log.values()).length, 40)
    })
  })

  describe('web', () => {
    if (!existsSync(executablePath)) {
      it(`needs Chromium at ${executablePath}`, process.env.CI ? () => { throw new Error('Chromium is missing') } : undefined)
      return
    }

    it('is built with vite, downloads a backup and restores a file', async () => {
      const outDir = join(examples.directory, 'web-built')
      const configFile = false
      await build({ root: join(examples.directory, 'web'), configFile, logLevel: 'silent', build: { outDir, target: 'esnext' } })
      const server = await preview({ root: join(examples.directory, 'web'), configFile, logLevel: 'silent', build: { outDir }, preview: { port: 0, host: '127.0.0.1' } })
      const browser = await launch()
      try {
        const [url] = server.resolvedUrls!.local
        const open = async () => {
          const page = await (await browser.newContext()).newPage()
          await page.goto(url)
          await page.waitForFunction("document.getElementById('status').textContent === 'Ready'")
          return page
        }
        const notesOf = (page: Awaited<ReturnType<typeof open>>) => page.locator('#notes li').allTextContents()

        const page = await open()
        for (const text of ['one', 'two']) {
          await page.fill('#text', text)
          await page.click('#add button')
          await page.locator('#notes li', { hasText: text }).waitFor()
        }
        const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
        const path = join(examples.directory, download.suggestedFilename())
        await download.saveAs(path)

        // Another browser, as far as what it keeps is concerned
        const other = await open()
        deepStrictEqual(await notesOf(other), [])
        await other.setInputFiles('#file', path)
        await other.locator('#status', { hasText: 'Restored 2 notes' }).waitFor()
        deepStrictEqual(await notesOf(other), ['one', 'two'])
      } finally {
        await browser.close()
        await server.close()
      }
    })
  })
})
