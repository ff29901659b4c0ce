import { setImmediate } from 'node:timers/promises'
import { nowhere } from './contents.ts'
import type { HostileLog, toState } from './logs.ts'

/** A state that is not of the form that `export` gives. */
export interface Form {
  name: string
  code?: string
  change: (state: ReturnType<typeof toState>, log: HostileLog) => unknown
  /** Whether it is one only for a database that is open: it says nothing of which one it is. */
  isBare?: boolean
}

const show = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return typeof value
  }
}

const field = (name: string, values: unknown[], code: string | undefined = 'state-invalid'): Form[] => values.map(value => ({
  name: `whose ${name} is ${show(value)}`,
  code,
  change: state => ({ ...state, [name]: value })
}))

const badHeads = [null, undefined, 1, 'x', {}, [null], [undefined], [1], [{}], [{ hash: 1 }], [[]], ['x'], [''], [nowhere.slice(1)], [`${nowhere} `], [{ hash: 'x' }], [{ hash: nowhere, next: 'x' }], [{ hash: nowhere, next: [1] }]]
const badIndexes = [1, 'x', {}, true, ['x'], [1], [null], [['x', true]], [[]], [[1, true]]]
const badBlocks = [1, 'x', {}, true, [1], [null], ['x'], [{}], [[nowhere]], [[nowhere, 'text']], [[1, new Uint8Array()]], [[nowhere, [1, 2]]], [[nowhere, null]], [[nowhere, new ArrayBuffer(2)]]]

export const forms: Form[] = [
  ...[null, undefined, 1, 'x', true, []].map((value): Form => ({ name: `that is ${show(value)}`, code: 'state-invalid', isBare: true, change: () => value })),
  ...field('heads', badHeads),
  ...field('index', badIndexes),
  ...field('blocks', badBlocks),
  ...field('address', [1, true, {}, [], '', 'x', '/orbitdb/', '/orbitdb/x', `/orbitdb/${nowhere}/`, `/orbitdb/${nowhere}/x`, `/ipfs/${nowhere}`, `orbitdb/${nowhere}`, `//orbitdb/${nowhere}`, `/orbitdb/${nowhere} `], 'address-invalid'),
  { name: 'whose address is no text', code: 'address-invalid', change: state => ({ ...state, address: { toString: 1 } }) },
  { name: 'whose address throws', code: 'address-invalid', change: state => ({ ...state, address: { toString () { throw new Error('no') } } }) },
  { name: 'with a slash behind its address', code: 'address-invalid', change: state => ({ ...state, address: `${state.address}/` }) },
  { name: 'with bytes of another hash', code: 'block-damaged', change: state => ({ ...state, blocks: state.blocks.map(([hash], i, all) => [hash, all[(i + 1) % all.length][1]]) }) },
  { name: 'with a bit flipped in each block', code: 'block-damaged', change: state => ({ ...state, blocks: state.blocks.map(([hash, bytes]) => [hash, bytes.with(0, bytes[0] ^ 1)]) }) },
  { name: 'with a block under a hash of another codec', code: 'block-damaged', change: state => ({ ...state, blocks: [...state.blocks, ['bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', new Uint8Array(1)]] }) },
  { name: 'with a block under what is no hash', code: 'block-damaged', change: state => ({ ...state, blocks: [...state.blocks, ['x', new Uint8Array(1)]] }) },
  { name: 'with a block under "__proto__"', code: 'block-damaged', change: state => ({ ...state, blocks: [...state.blocks, ['__proto__', new Uint8Array(1)]] }) },
  { name: 'with blocks doubled and in another order', change: state => ({ ...state, blocks: [...state.blocks, ...state.blocks].reverse() }) },
  { name: 'with blocks in arrays', change: state => ({ ...state, blocks: [state.blocks, [], state.blocks] }) },
  { name: 'with heads doubled', change: state => ({ ...state, heads: [...state.heads, ...state.heads] }) },
  { name: 'with heads that lie about what they follow', change: state => ({ ...state, heads: state.heads.map(hash => ({ hash, next: [nowhere] })) }) },
  { name: 'with heads that claim to be entries', change: state => ({ ...state, heads: state.heads.map(hash => ({ hash, id: 'x', payload: 'forged', next: [], key: '', sig: '' })) }) },
  { name: 'with an index that is doubled', change: state => ({ ...state, index: [...state.index, ...state.index] }) },
  { name: 'with an index that names what is nowhere', code: 'block-missing', change: state => ({ ...state, index: [...state.index, [nowhere, true]] }) },
  { name: 'with a head that is nowhere', code: 'block-missing', change: state => ({ ...state, heads: [...state.heads, nowhere] }) },
  { name: 'whose index says no', change: state => ({ ...state, index: [...state.index.keys()].map(hash => [hash, false]) }) },
  { name: 'with fields more', change: state => ({ ...state, log: 1, access: 1, then: 1, toString: 1, verify: false }) },
  {
    name: 'whose bytes change after they were given',
    change: state => ({
      ...state,
      blocks: (async function * () {
        for (const [hash, bytes] of state.blocks) {
          const given = Uint8Array.from(bytes)
          yield [hash, given]
          await setImmediate()
          given.fill(0)
        }
      })()
    })
  }
]
