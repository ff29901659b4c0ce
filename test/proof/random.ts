/** Random numbers that are the same for the same seed. */
export interface Random {
  /** From 0 to below 1. */
  next: () => number
  /** An integer from 0 to below a number. */
  below: (n: number) => number
  pick: <Item> (items: readonly Item[]) => Item
}

/** Creates random numbers from a seed (mulberry32). */
export function createRandom (seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  return { next, below, pick: items => items[below(items.length)] }
}
