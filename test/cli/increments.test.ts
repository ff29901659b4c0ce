import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from 'node:events'
import * as dagCbor from '@ipld/dag-cbor'
import { LevelBlockstore } from 'blockstore-level'
import { Level } from 'level'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { readCar } from '../helpers/archives.ts'
import { deleteBlock } from '../helpers/node.ts'
import { encodeBlocks } from '../../src/archive/sinks/car.ts'
import { defaultLimits } from '../../src/index.ts'
import { itOnPosix } from '../helpers/posix.ts'
import { readDatabases, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { AddressInfo } from 'node:net'
import type { Node } from '../helpers/node.ts'
import type { Fixture } from './helpers.ts'
import type { Events } from '../../src/index.ts'

const runJSON = async (args: string[], exit = 0) => {
  const { code, stdout, stderr } = await runCLI([...args, '--json'])
  strictEqual(code, exit, stderr)
  return JSON.parse(stdout)
}

describe('orbitdb-backup with increments, roots and several archives', () => {
  const createDirectory = useDirectories()
  let directory: string
  let addresses: Fixture['addresses']
  let contents: Awaited<ReturnType<typeof readDatabases>>
  /** All databases, then what is new since, then since both */
  let monday: string
  let tuesday: string
  let wednesday: string
  let roots: string[]

  before(async () => {
    directory = await createDirectory();
    ({ addresses } = await withOrbitDB(directory, writeFixture))
    ;[monday, tuesday, wednesday] = ['monday', 'tuesday', 'wednesday'].map(name => join(directory, `${name}.car`))
    const create = async (path: string, ...args: string[]): Promise<string> => (await runJSON(['create', '--all', '-d', directory, '-o', path, ...args])).root
    const add = () => withOrbitDB(directory, async orbitdb => { await (await orbitdb.open<Events>(addresses.posts)).add('new') })
    roots = [await create(monday)]
    await add()
    roots.push(await create(tuesday, '--base', monday))
    await add()
    roots.push(await create(wednesday, '--base', monday, '--base', tuesday))
    contents = await withOrbitDB(directory, orbitdb => readDatabases(orbitdb, addresses))
  })

  it('counts in each command what the archive has, those of access controllers besides', async () => {
    const counted = /: (?:restored |valid, )?(\d .+?), (?:format|\d+ entries)/
    for (const args of [['verify', monday], ['verify', wednesday, monday, tuesday], ['inspect', monday], ['restore', monday, '-d', await createDirectory(directory)]]) {
      const { stdout } = await runCLI(args)
      strictEqual(counted.exec(stdout.split('\n').findLast(line => counted.test(line))!)?.[1], '3 databases and 1 of an access controller', args[0])
    }
    match((await runCLI(['verify', monday])).stdout, /, 25 entries, /)
    match((await runCLI(['snapshot', 'create', '--all', '-d', await createDirectory(directory)])).stdout, /^snapshot of 3 databases and 1 of an access controller, root/)
    // One that is asked for is a database like others
    const both = join(await createDirectory(), 'both.car')
    match((await runCLI(['create', addresses.team, addresses.access, '-d', directory, '-o', both])).stdout, /: 2 databases, 2 entries/)
    match((await runCLI(['verify', both])).stdout, /: valid, 2 databases, 2 entries/)
    match((await runCLI(['inspect', both])).stdout, /: 2 databases, format/)
  })

  it('writes only what is new', async () => {
    const [whole, first, second] = await Promise.all([monday, tuesday, wednesday].map(async path => (await readCar(await readFile(path))).blocks.length))
    ok(first < whole / 2 && second < whole / 2, `${whole} ${first} ${second}`)
  })

  it('restores them together, in any order', async () => {
    const node = join(await createDirectory(), 'node')
    const { code, stdout, stderr } = await runCLI(['restore', wednesday, monday, tuesday, '-d', node, '--indexed'])
    deepStrictEqual([code, stderr], [0, ''])
    match(stdout, /wednesday\.car \+ .+monday\.car \+ .+tuesday\.car: restored 3 databases and 1 of an access controller, 27 entries\n$/)
    deepStrictEqual(await withOrbitDB(node, orbitdb => readDatabases(orbitdb, addresses)), contents)
  })

  it('restores what is new on a node that has the rest, and says what it added', async () => {
    const node = join(await createDirectory(), 'node')
    const restore = async (path: string) => (await runJSON(['restore', path, '-d', node, '--indexed'])).databases.map(({ name, added, mended }: any) => [name, added, mended])
    deepStrictEqual(await restore(monday), [['posts', 20, 0], ['settings', 4, 0], ['team', 1, 0]].sort((a: any, b: any) => (addresses as any)[a[0]] < (addresses as any)[b[0]] ? -1 : 1))
    for (const [path, added] of [[tuesday, 1], [wednesday, 1], [wednesday, 0]] as const) {
      // Of what is as it was, nothing is in it
      deepStrictEqual(await restore(path), [['posts', added, 0]])
    }
    match((await runCLI(['restore', wednesday, '-d', node])).stdout, /\n0 entries new\nblocks are in /)
    deepStrictEqual(await withOrbitDB(node, orbitdb => readDatabases(orbitdb, addresses)), contents)
  })

  it('refuses one without what it is based on, with a code of its own, and names that', async () => {
    const parent = await createDirectory()
    const restored = await runCLI(['restore', tuesday, '-d', join(parent, 'node')])
    deepStrictEqual([restored.code, restored.stdout], [8, ''])
    match(restored.stderr, new RegExp(`^error: .+ ${roots[0]}.+\n$`))
    deepStrictEqual(await readdir(parent), [])

    const verified = await runCLI(['verify', wednesday])
    strictEqual(verified.code, 8)
    match(verified.stdout, new RegExp(`wednesday\\.car: incomplete: needs .*${roots[0]}.*, root ${roots[2]}\n$`))
    match(verified.stderr, /^error: The archive has only what is new since .+\n$/)
    strictEqual((await runCLI(['verify', wednesday, tuesday, monday])).code, 0)
    const created = await runCLI(['create', 'posts', '-d', directory, '-o', join(parent, 'x.car'), '--base', tuesday])
    deepStrictEqual([created.code, await readdir(parent)], [8, []])
    match(created.stderr, new RegExp(`^error: .+ ${roots[0]}, which is needed with it: name that with --base\n$`))
    match((await runCLI(['inspect', tuesday])).stdout, new RegExp(`tuesday\\.car: 1 database, format 1, root ${roots[1]}, only what is new since ${roots[0]}, which tells what is unknown here\n`))
  })

  it('mends what a node has lost', async () => {
    const node = await createDirectory(directory)
    await withOrbitDB(node, async ({ open, ipfs }) => {
      const { log } = await open(addresses.posts)
      const [{ next: [hash] }] = await log.heads()
      await deleteBlock(ipfs as Node, hash)
    })
    const broken = await runCLI(['create', 'posts', '-d', node, '-o', '-'])
    strictEqual(broken.code, 5, broken.stderr)
    const { code, stdout } = await runCLI(['restore', monday, tuesday, wednesday, '-d', node, '--repair'])
    strictEqual(code, 0)
    match(stdout, /\n0 entries new, [1-9]\d* entr(y|ies) mended\n/)
    strictEqual((await runCLI(['create', 'posts', '-d', node, '-o', '-'])).code, 0)
  })

  describe('--root', () => {
    it('restores, verifies and inspects only what has it', async () => {
      const parent = await createDirectory()
      for (const args of [['verify', monday], ['inspect', monday], ['restore', monday, '-d', join(parent, 'node')]]) {
        const wrong = await runCLI([...args, '--root', roots[1]])
        deepStrictEqual([wrong.code, wrong.stdout], [5, ''])
        match(wrong.stderr, new RegExp(`^error: .*${roots[0]}.*\n$`))
        deepStrictEqual(await readdir(parent), [])
        const none = await runCLI([...args, '--root', 'none'])
        deepStrictEqual([none.code, none.stdout], [2, ''])
        match(none.stderr, /^error: --root "none" is no CID/)
      }
      for (const args of [['verify', monday], ['inspect', monday], ['restore', monday, '-d', join(parent, 'node')]]) {
        strictEqual((await runCLI([...args, '--root', roots[0]])).code, 0)
      }
    })

    it('tells of each database and of all whether a backup is current', async () => {
      const { root, databases } = await runJSON(['list', '--root', '-d', directory])
      strictEqual(root, roots[2])
      const posts = await runJSON(['create', 'posts', '-d', directory, '-o', join(await createDirectory(), 'posts.car')])
      strictEqual(databases.find(({ name }: any) => name === 'posts').root, posts.root)
      const { stdout } = await runCLI(['list', '--root', '-d', directory])
      match(stdout, new RegExp(`posts .+ root ${posts.root}\n`))
      match(stdout, new RegExp(`\n\nroot of all: ${roots[2]}\n$`))
    })

    it('restores what a backup of a bad log had, which create warns of', async () => {
      const copy = await createDirectory(directory)
      const hash = await spoil(copy, addresses.posts)
      const path = join(copy, 'posts.car')
      const { code, stderr } = await runCLI(['create', 'posts', '-d', copy, '-o', path])
      strictEqual(code, 0)
      const [, root] = /note: A restore refuses this, .+ --verify none --root (bafy\w+)\n$/.exec(stderr)!
      match(stderr, new RegExp(`^note: .*"?${hash}"?.*\n`))
      const parent = await createDirectory()
      strictEqual((await runCLI(['restore', path, '-d', join(parent, 'node')])).code, 5)
      deepStrictEqual(await readdir(parent), [])
      const restored = await runCLI(['restore', path, '-d', join(parent, 'node'), '--verify', 'none', '--root', root])
      deepStrictEqual([restored.code, restored.stderr], [0, ''])
      const { problems } = await runJSON(['create', 'posts', '-d', join(parent, 'node'), '-o', join(parent, 'again.car')])
      deepStrictEqual(problems.map(({ code, hash }: any) => [code, hash]), [['entry-invalid', hash]])
      strictEqual((await runJSON(['list', '--root', '-d', join(parent, 'node')])).root, root)
    })
  })

  describe('--database', () => {
    it('restores some of the databases, with those of their access controllers', async () => {
      const node = join(await createDirectory(), 'node')
      const { databases } = await runJSON(['restore', monday, '-d', node, '--database', 'team', '--database', addresses.settings])
      deepStrictEqual(databases.map(({ name }: any) => name).sort(), ['settings', 'team'])
      const listed = (await runJSON(['list', '-d', node])).databases
      deepStrictEqual(listed.map(({ address }: any) => address).sort(), [addresses.access, addresses.settings, addresses.team].sort())
    })

    it('says which there are when one is not', async () => {
      const parent = await createDirectory()
      const { code, stderr } = await runCLI(['restore', monday, '-d', join(parent, 'node'), '--database', 'none'])
      strictEqual(code, 4)
      match(stderr, /^error: The backup has no database "none", but .*"posts".*\n$/)
      deepStrictEqual(await readdir(parent), [])
    })
  })

  describe('a URL', () => {
    // What is nothing of an archive does not matter
    const foreign = new Uint8Array(10_000)
    const foreignBlock = encodeBlocks([{ digest: createHash('sha256').update(foreign).digest(), bytes: foreign }], 'raw')

    const serve = async <Value>(fn: (url: string) => Promise<Value>): Promise<Value> => {
      const server = createServer((request, response) => {
        if (request.url === '/monday.car') {
          readFile(monday).then(bytes => response.end(bytes), () => {})
        } else if (request.url === '/redirect') {
          response.writeHead(302, { location: '/monday.car' }).end('elsewhere')
        } else if (request.url === '/circle') {
          response.writeHead(302, { location: '/circle' }).end()
        } else if (request.url!.startsWith('/closes/')) {
          readFile(monday).then(bytes => {
            const many = Buffer.concat([bytes, ...Array(Number(request.url!.slice('/closes/'.length))).fill(foreignBlock)])
            response.writeHead(200, { connection: 'close', 'content-length': many.length }).end(many)
          }, () => {})
        } else if (request.url === '/breaks') {
          readFile(monday).then(bytes => {
            response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 500), () => response.destroy())
          }, () => {})
        } else if (request.url === '/html') {
          response.end('<!doctype html><html>Sign in</html>')
        } else if (request.url === '/stalls') {
          readFile(monday).then(bytes => response.write(bytes.subarray(0, 500)), () => {})
        } else {
          response.writeHead(request.url === '/gone' ? 404 : 500).end('none')
        }
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      try {
        return await fn(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }

    it('is restored, verified and inspected', () => serve(async url => {
      const node = join(await createDirectory(), 'node')
      strictEqual((await runCLI(['restore', `${url}/monday.car`, '-d', node, '--root', roots[0]])).code, 0)
      strictEqual((await runJSON(['verify', `${url}/monday.car`])).ok, true)
      strictEqual((await runJSON(['inspect', `${url}/monday.car`])).root, roots[0])
    }))

    it('is got where the server sends on to another', () => serve(async url => {
      strictEqual((await runJSON(['inspect', `${url}/redirect`])).root, roots[0])
      const { code, stderr } = await runCLI(['verify', `${url}/circle`])
      deepStrictEqual([code, stderr], [1, `error: Could not get ${url}/circle: the server answers "302 Found"\n`])
    }))

    it('is restored where the server closes the connection before all is read', () => serve(async url => {
      for (const count of [0, 5, 7, 9, 11, 20]) {
        const { code, stderr } = await runCLI(['restore', `${url}/closes/${count}`, '-d', join(await createDirectory(), 'node')])
        strictEqual(code, 0, stderr)
      }
    }))

    it('is refused where the connection breaks', () => serve(async url => {
      const { code, stderr } = await runCLI(['verify', `${url}/breaks`])
      strictEqual(code, 1)
      match(stderr, /^error: .+\n$/)
    }))

    it('says what the server says', () => serve(async url => {
      for (const [path, exit, message] of [
        ['/gone', 4, /the server answers "404 Not Found"/],
        ['/error', 1, /the server answers "500 Internal Server Error"/],
        ['/html', 5, /Not an archive: it is HTML/]
      ] as const) {
        const { code, stderr } = await runCLI(['verify', `${url}${path}`])
        strictEqual(code, exit)
        match(stderr, message)
      }
      const { code, stderr } = await runCLI(['verify', 'http://127.0.0.1:1/x.car'])
      strictEqual(code, 1)
      match(stderr, /^error: Could not get http:\/\/127\.0\.0\.1:1\/x\.car: .+\n$/)
      const other = await runCLI(['verify', 'ftp://127.0.0.1/x.car'])
      deepStrictEqual([other.code, other.stderr], [2, 'error: "ftp://127.0.0.1/x.car" is no http or https URL: get it with another program, and pipe it in\n'])
    }))

    itOnPosix('can be interrupted while the server is silent', () => serve(async url => {
      const { code, stderr } = await runCLI(['verify', `${url}/stalls`], { onStart: child => { setTimeout(() => child.kill('SIGINT'), 1500) } })
      deepStrictEqual([code, stderr], [130, 'error: Interrupted\n'])
    }))
  })

  describe('--limit', () => {
    it('has what is larger refused, and says what to do', async () => {
      for (const args of [['verify', monday], ['inspect', monday], ['restore', monday, '-d', join(await createDirectory(), 'node')], ['create', '--all', '-d', directory, '-o', '-']]) {
        const { code, stderr } = await runCLI([...args, '--limit', 'databases=2'])
        strictEqual(code, 5)
        match(stderr, /^error: .+ if you trust it, raise the limit with --limit databases=\d, here and where it is read\n$/)
      }
      strictEqual((await runCLI(['verify', monday, '--limit', 'databases=4', '--limit', `entries=${defaultLimits.entries}`])).code, 0)
    })

    it('must be one that there is', async () => {
      const { code, stderr } = await runCLI(['verify', monday, '--limit', 'all=2'])
      strictEqual(code, 2)
      match(stderr, /^error: --limit "all=2": give one of headerBytes=\d+, .+\n$/)
    })
  })

  it('does without a base that is no archive', async () => {
    const path = join(await createDirectory(), 'x.car')
    await writeFile(`${path}.txt`, 'text')
    const { code, stderr } = await runCLI(['create', '--all', '-d', directory, '-o', path, '--base', `${path}.txt`])
    deepStrictEqual([code, stderr], [5, `error: "${path}.txt" is not an archive: it is text\n`])
    for (const base of ['none', roots[0]]) {
      const { code, stderr } = await runCLI(['create', '--all', '-d', directory, '-o', path, '--base', base])
      deepStrictEqual([code, stderr], [4, `error: No file "${base}" is there: a base is an archive that was made before, given by its file or URL\n`])
    }
  })
})

/** Puts an entry of a form that no entry has at the head of a log in a directory, and tells its hash. */
async function spoil (directory: string, address: string): Promise<string> {
  const edit = async (name: string, fn: (db: Level<string, any>) => Promise<unknown>) => {
    const db = new Level<string, any>(join(directory, 'orbitdb', address, 'log', name), { valueEncoding: 'json' })
    await fn(db)
    await db.close()
  }
  const blocks = new LevelBlockstore(join(directory, 'ipfs/blocks'))
  await blocks.open()
  let hash: string
  await edit('_heads', async db => {
    const [head] = await db.get('heads')
    const bytes = (await blocks.get(CID.parse(head.hash, base58btc) as any).next()).value
    const spoilt = dagCbor.encode({ ...dagCbor.decode<object>(bytes), more: 1 })
    const cid = CID.createV1(dagCbor.code, await sha256.digest(spoilt))
    await blocks.put(cid as any, spoilt)
    hash = cid.toString(base58btc)
    await db.put('heads', [head, { hash, next: head.next }])
  })
  await blocks.close()
  await edit('_index', db => db.put(hash, true))
  return hash!
}
