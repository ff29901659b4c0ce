// What keeps something of each entry, on a small scale: `npm run test:index` has more entries than a Map or a Set can have
import { measureIndex } from './index.ts'

describe('The index of a log', () => {
  it('is exported, imported and read with all its entries', async () => { await measureIndex(20000) })
})
