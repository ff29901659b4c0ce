import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { collect } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { verifyByLibp2p } from '../helpers/verify-by-libp2p.ts'
import { useSignatureVerifier } from '../../src/index.ts'
import { verifySignature } from '../../src/signatures/index.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { Events, SignatureVerifier } from '../../src/index.ts'

describe('Signatures in OrbitDB', () => {
  const { createReplica } = useReplicas()

  let state: CollectedState
  let signatures: string[]

  beforeEach(async () => {
    const { orbitdb, stop } = await createReplica()
    const db: Events = await orbitdb.open('log', { sync: false })
    for (let i = 0; i < 20; i++) await db.add(i)
    signatures = (await db.log.values()).map(({ sig }) => sig)
    state = await collect(await db.export())
    await stop()
  })

  afterEach(() => useSignatureVerifier(verifySignature))

  const restore = async () => (await createReplica()).orbitdb.import<Events>(state, { sync: false })

  it('are checked by what is to check them, each of an import', async () => {
    const asked: string[] = []
    useSignatureVerifier(async (signature, publicKey, data) => {
      asked.push(signature)
      ok(data instanceof Uint8Array)
      return verifyByLibp2p(signature, publicKey, data)
    })
    strictEqual((await (await restore()).all()).length, 20)
    deepStrictEqual(asked.filter(signature => signatures.includes(signature)).sort(), signatures.toSorted())
  })

  it('are refused when that refuses them', async () => {
    useSignatureVerifier(async (signature, publicKey, data) => signature !== signatures[7] && verifySignature(signature, publicKey, data))
    await rejects(restore, { name: 'InvalidEntryError', message: /Could not validate signature/ })
  })

  it('are checked by @libp2p/crypto when nothing else is to', async () => {
    const refuse: SignatureVerifier = async () => false
    useSignatureVerifier(refuse)
    useSignatureVerifier()
    strictEqual((await (await restore()).all()).length, 20)
  })

  it('do not keep a process running once they are checked', () => {
    const signatures = JSON.stringify(new URL('../../src/signatures/index.ts', import.meta.url).href)
    const helper = JSON.stringify(new URL('../helpers/signatures.ts', import.meta.url).href)
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', `
      import { verifySignatures } from ${signatures}
      import { createSignedBySecp256k1, fromHex, signedData } from ${helper}
      const { signature, publicKey } = await createSignedBySecp256k1()
      const check = { signature: fromHex(signature), publicKey: fromHex(publicKey), data: signedData }
      const verdicts = await verifySignatures(Array.from({ length: 2000 }, () => check))
      console.log(verdicts.every(isValid => isValid))
    `], { encoding: 'utf8', timeout: 30_000 })
    deepStrictEqual([status, stdout.trim()], [0, 'true'], stderr)
  })
})
