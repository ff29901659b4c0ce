// Whatever becomes of threads, each signature gets its verdict.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import sinon from 'sinon'
import { createSignedBySecp256k1, fromHex, signedData } from '../helpers/signatures.ts'
import { createVerifier } from '../../src/signatures/verifier.ts'
import { tryOut } from '../../src/signatures/means.ts'
import { findWebAssembly } from '../../src/signatures/webassembly.ts'
import type { SignatureCheck, SignaturesVerifier } from '../../src/signatures/index.ts'
import type { Worker } from 'node:worker_threads'
import type { Means } from '../../src/signatures/means.ts'

/** What is known of threads: how many pieces they were given, and how many of these they did. */
interface Shared {
  module: WebAssembly.Module
  counts: Int32Array
}

describe('Signatures that are checked in threads', () => {
  let webAssembly: Means<WebAssembly.Module>
  let checks: SignatureCheck[]
  let expected: boolean[]

  before(async () => {
    webAssembly = (await findWebAssembly())!
    const signed = await Promise.all([createSignedBySecp256k1(), createSignedBySecp256k1()])
    const [{ signature }] = signed
    checks = Array.from({ length: 500 }, (_, i) => ({
      signature: fromHex(signature),
      publicKey: fromHex(signed[i % 2].publicKey),
      data: i % 3 === 2 ? signedData.subarray(1) : signedData
    }))
    expected = checks.map((_, i) => i % 2 === 0 && i % 3 !== 2)
  })

  /** What checks signatures by WebAssembly, and in threads does something else as well. */
  const createMeans = (inThread: string): { means: Means<Shared>, counts: Int32Array } => {
    const counts = new Int32Array(new SharedArrayBuffer(8))
    const { create, data: module, check } = webAssembly
    const text = `({ module, counts }) => {
      const check = (${create})(module)
      return packed => {
        const given = Atomics.add(counts, 0, 1)
        ${inThread}
        const verdicts = check(packed)
        Atomics.add(counts, 1, 1)
        return verdicts
      }
    }`
    return { means: { create: Object.assign(() => check, { toString: () => text }), data: { module, counts }, check }, counts }
  }

  /** Checks until something is so, and that all verdicts are right. */
  const checkUntil = async (verify: SignaturesVerifier, isSo: () => boolean): Promise<void> => {
    do {
      for (const verdicts of await Promise.all([verify(checks), verify(checks)])) deepStrictEqual(verdicts, expected)
    } while (!isSo())
    deepStrictEqual(await verify(checks), expected)
  }

  it('get the verdicts of threads', async () => {
    const { means, counts } = createMeans('')
    await checkUntil(createVerifier(means), () => counts[1] > 20)
  })

  it('are checked here as well', async () => {
    let here = 0
    const { means, counts } = createMeans('')
    const check: Means['check'] = packed => {
      here++
      return webAssembly.check(packed)
    }
    await checkUntil(createVerifier({ ...means, check }), () => counts[1] > 20 && here > 20)
  })

  for (const [what, inThread] of Object.entries({
    fails: "if (given > 3) throw new Error('failed')",
    ends: 'if (given > 3) process.exit()',
    'fails at once': "throw new Error('failed')",
    'is wrong': 'return new Uint8Array(packed.length / 129).fill(1)',
    'answers what cannot be read': 'if (given > 3) return { get verdicts () { throw new Error() } }'
  })) {
    it(`get their verdicts when a thread ${what}`, async () => {
      const { means, counts } = createMeans(inThread)
      await checkUntil(createVerifier(means), () => counts[0] > counts[1])
    })
  }

  it('get their verdicts when what checks them fails, here and in threads', async () => {
    for (const inThread of ["if (given > 3) throw new Error('failed')", '']) {
      let given = 0
      const { means } = createMeans(inThread)
      const check: Means['check'] = packed => {
        if (given++ > 3) throw new WebAssembly.RuntimeError('unreachable')
        return webAssembly.check(packed)
      }
      const verify = createVerifier({ ...means, check })
      for (let i = 0; i < 3; i++) {
        for (const verdicts of await Promise.all([verify(checks), verify(checks.slice(0, 4))])) deepStrictEqual(verdicts, expected.slice(0, verdicts.length))
      }
      ok(given > 3)
    }
  })

  it('get their verdicts when a thread can be given nothing any more', async () => {
    const { means } = createMeans('')
    const { Worker } = await import('node:worker_threads')
    const { postMessage } = Worker.prototype
    let given = 0
    const stub = sinon.stub(Worker.prototype, 'postMessage').callsFake(function (this: InstanceType<typeof Worker>, message: unknown) {
      if (given++ > 6) throw new Error('out of memory')
      postMessage.call(this, message)
    })
    try {
      await checkUntil(createVerifier(means), () => given > 7)
    } finally {
      stub.restore()
    }
  })

  for (const [what, change] of Object.entries({
    'cannot be read': { create: Object.assign((module: WebAssembly.Module) => webAssembly.create(module), { toString: () => 'no code' }) },
    'is of another bundler': { create: Object.assign((module: WebAssembly.Module) => webAssembly.create(module), { toString: () => '__name(() => {}, "create")' }) },
    'cannot be sent': { data: () => {} }
  } satisfies Record<string, Partial<Means>>)) {
    it(`get their verdicts when what a thread is to run ${what}`, async () => {
      const verify = createVerifier({ ...webAssembly, ...change })
      deepStrictEqual(await verify(checks), expected)
      deepStrictEqual(await verify(checks), expected)
    })
  }

  it('end the threads when there is nothing to check any more', async () => {
    const threads: Worker[] = []
    const note = (worker: Worker): void => { threads.push(worker) }
    process.on('worker', note)
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { means, counts } = createMeans('')
      const verify = createVerifier(means)
      await checkUntil(verify, () => counts[1] > 20)
      const exits = threads.map(thread => once(thread, 'exit'))
      ok(exits.length > 0)
      clock.tick(60_000)
      await Promise.all(exits)
      deepStrictEqual(await verify(checks), expected)
    } finally {
      clock.restore()
      process.off('worker', note)
    }
  })

  it('are not asked of what is wrong about them', () => {
    for (const verdict of [0, 1]) {
      let error
      try {
        tryOut(() => packed => new Uint8Array(packed.length / 129).fill(verdict), undefined)
      } catch (thrown) {
        error = thrown
      }
      ok(error instanceof Error)
    }
    strictEqual(tryOut(webAssembly.create, webAssembly.data).data, webAssembly.data)
  })
})
