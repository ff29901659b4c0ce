import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { collect } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createVerifier } from '../../src/signatures/verifier.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { Events, SignaturesVerifier, SigningIdentity } from '../../src/index.ts'

const verifyByLibp2p = createVerifier()

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

  const restore = async (options: { verifySignatures?: SignaturesVerifier } = {}) =>
    (await createReplica(options)).orbitdb.import<Events>(state, { sync: false })

  it('are checked by what is to check them, each of an import', async () => {
    const asked: string[] = []
    const verifySignatures: SignaturesVerifier = async checks => {
      asked.push(...checks.map(({ signature }) => toString(signature, 'base16')))
      return verifyByLibp2p(checks)
    }
    strictEqual((await (await restore({ verifySignatures })).all()).length, 20)
    deepStrictEqual(asked.filter(signature => signatures.includes(signature)).sort(), signatures.toSorted())
  })

  it('are refused when that refuses them, in that instance only', async () => {
    const verifySignatures: SignaturesVerifier = async checks => {
      const verdicts = await verifyByLibp2p(checks)
      return verdicts.map((verdict, i) => verdict && toString(checks[i].signature, 'base16') !== signatures[7])
    }
    await rejects(restore({ verifySignatures }), { name: 'InvalidEntryError', code: 'signature-invalid', message: /Could not validate signature/ })
    strictEqual((await (await restore()).all()).length, 20)
  })

  it('are checked one by one by an identity that has its own way to', async () => {
    const verifyOne = (refused?: string) => async (signature: string, publicKey: string, data: string | Uint8Array): Promise<boolean> => {
      if (signature === refused) throw new Error('Refused')
      const [verdict] = await verifyByLibp2p([{ signature: fromString(signature, 'base16'), publicKey: fromString(publicKey, 'base16'), data: data as Uint8Array }])
      return verdict
    }
    const restoreBy = async (verify: SigningIdentity['verify']): Promise<Events> => {
      const { orbitdb } = await createReplica()
      Object.assign(orbitdb.identity, { verify })
      return orbitdb.import<Events>(state, { sync: false })
    }
    strictEqual((await (await restoreBy(verifyOne())).all()).length, 20)
    await rejects(restoreBy(verifyOne(signatures[7])), { name: 'InvalidEntryError', code: 'signature-invalid' })
  })

  it('are refused when what is to check them fails', async () => {
    await rejects(restore({ verifySignatures: () => { throw new Error('Failed') } }), { name: 'InvalidEntryError', code: 'signature-invalid' })
  })

  it('are checked by @libp2p/crypto when nothing else is to', async () => {
    strictEqual((await (await restore({ verifySignatures: undefined })).all()).length, 20)
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
