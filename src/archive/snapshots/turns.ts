const turns = new WeakMap<object, Promise<unknown>>()

/** Does something on a node once all is done that was to be done before: two pins that are made at once may not both count. */
export async function inTurn<Result> (node: object, fn: () => Promise<Result>): Promise<Result> {
  const turn = (turns.get(node) ?? Promise.resolve()).then(fn, fn)
  turns.set(node, turn)
  return turn
}
