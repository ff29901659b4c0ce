// Runs a function soon: in Node.js once all that is ready to run has run, so that more calls come together
const defer = globalThis.setImmediate ?? queueMicrotask

interface Call<Value, Result> {
  value: Value
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/** How many calls are answered together, at most. While some wait for their answers, others go on with theirs. */
const maxLength = 100

/** Creates a function for one value from one for many: calls that are made together are answered together. */
export function batched<Value, Result> (answer: (values: Value[]) => Promise<Result[]>): (value: Value) => Promise<Result> {
  let calls: Array<Call<Value, Result>> = []

  const answerTogether = async (batch: Array<Call<Value, Result>>): Promise<void> => {
    try {
      const results = await answer(batch.map(({ value }) => value))
      for (const [i, { resolve }] of batch.entries()) resolve(results[i])
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const answerAll = (): void => {
    const all = calls
    calls = []
    for (let i = 0; i < all.length; i += maxLength) {
      answerTogether(all.slice(i, i + maxLength))
    }
  }

  return value => new Promise((resolve, reject) => {
    if (calls.push({ value, resolve, reject }) === 1) {
      defer(answerAll)
    }
  })
}
