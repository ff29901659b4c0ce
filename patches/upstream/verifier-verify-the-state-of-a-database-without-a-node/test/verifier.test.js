import { deepStrictEqual } from 'assert'
import { rimraf } from 'rimraf'
import { createOrbitDB, Intake, Verifier } from '../src/index.js'
import createHelia from './utils/create-helia.js'

describe('Verifier', function () {
  let ipfs, orbitdb, db

  const verify = async ({ address, heads, index }, blocks) => {
    const problems = []
    const onProblem = ({ code, hash }) => problems.push([code, hash])
    const verifier = await Verifier()
    const intake = Intake({ id: address, identities: verifier.identities, onProblem })
    await intake.addIndex(index)
    for (const [hash, bytes] of blocks) {
      await (intake.expects(hash) ? intake.take(hash, bytes) : verifier.put(hash, bytes))
    }
    await verifier.verify({ address, heads, intake }, { onProblem, onUnchecked: () => {} })
    return problems
  }

  const exported = async () => {
    const { blocks, ...state } = await db.export()
    const all = []
    for await (const block of blocks) {
      all.push(block)
    }
    return [state, all]
  }

  before(async () => {
    ipfs = await createHelia()
    orbitdb = await createOrbitDB({ ipfs })
    db = await orbitdb.open('db', { sync: false })
    for (let i = 0; i < 5; i++) {
      await db.add(i)
    }
  })

  after(async () => {
    await orbitdb.stop()
    await ipfs.stop()
    await rimraf('./orbitdb')
  })

  it('finds nothing wrong with the state of a database', async () => {
    deepStrictEqual(await verify(...await exported()), [])
  })

  it('finds all that is wrong with one', async () => {
    const [state, blocks] = await exported()
    const [{ hash: first }, , { hash: third }] = (await db.all())
    const left = blocks.filter(([hash]) => hash !== first && hash !== third)

    deepStrictEqual((await verify(state, left)).sort(), [['block-missing', first], ['block-missing', third]].sort())
  })

  it('finds heads that are none', async () => {
    const [state, blocks] = await exported()
    const [{ hash }] = await db.all()

    deepStrictEqual(await verify({ ...state, heads: [...state.heads, { hash, next: [] }] }, blocks), [['head-wrong', hash]])
  })

  it('asks who may write', async () => {
    const [state, blocks] = await exported()
    const other = await createOrbitDB({ ipfs, id: 'other', directory: './orbitdb/other' })
    const foreign = await other.open('other', { sync: false })
    await foreign.add('hello')

    deepStrictEqual((await verify({ ...state, address: foreign.address }, blocks)).length > 0, true)
    await other.stop()
  })
})
