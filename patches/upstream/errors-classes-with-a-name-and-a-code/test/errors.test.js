import { deepStrictEqual, strictEqual } from 'assert'
import * as OrbitDB from '../src/index.js'

describe('Errors', function () {
  const defaultCodes = {
    InvalidStateError: 'state-invalid',
    ImportNotSupportedError: 'import-not-supported',
    MissingBlockError: 'block-missing',
    InvalidBlockError: 'block-damaged',
    InvalidEntryError: 'entry-invalid',
    EncryptedEntryError: 'entry-encrypted',
    AccessDeniedError: 'access-denied',
    AccessFailedError: 'access-failed',
    LogClosedError: 'log-closed',
    StorageFailedError: 'storage-failed',
    OrbitDBStoppedError: 'orbitdb-stopped'
  }

  for (const [name, code] of Object.entries(defaultCodes)) {
    it(`has a name and a code: ${name}`, () => {
      const error = new OrbitDB[name]('It is so')

      strictEqual(error instanceof Error, true)
      strictEqual(error.name, name)
      strictEqual(error.code, code)
      strictEqual(error.message, 'It is so')
    })
  }

  it('takes a code, the hash of a block, other fields and a cause', () => {
    const cause = new Error('Why it is so')
    const { code, hash, peer, cause: given } = new OrbitDB.InvalidEntryError('It is so', { code: 'entry-foreign', hash: 'zdpu', peer: 'peer', cause })

    deepStrictEqual([code, hash, peer, given], ['entry-foreign', 'zdpu', 'peer', cause])
  })

  it('has no cause where there is none', () => {
    strictEqual('cause' in new OrbitDB.InvalidEntryError('It is so'), false)
  })

  it('becomes the text that errors of OrbitDB always became', () => {
    strictEqual(String(new OrbitDB.InvalidEntryError('It is so')), 'Error: It is so')
  })
})
