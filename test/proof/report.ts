/** What a long run covered, and what held. */
export interface Report {
  /** Adds what was done once, and what did not hold. */
  add: (name: string, point: string, faults: string[]) => void
  /** Prints all, and ends the process: with 1 when something did not hold. */
  end: () => never
}

/** Creates the report of a run, which prints faults at once. */
export function createReport (title: string): Report {
  const start = performance.now()
  const counts = new Map<string, { points: number, bad: number }>()
  const seconds = (): number => Math.round((performance.now() - start) / 1000)
  const end = (): never => {
    const all = [...counts.values()]
    const sum = (of: (count: { points: number, bad: number }) => number): number => all.reduce((sum, count) => sum + of(count), 0)
    console.log(`\n${title}: ${seconds()} s`)
    for (const [name, { points, bad }] of counts) console.log(`${String(points).padStart(6)}  ${name}${bad === 0 ? '' : `, ${bad} did not hold`}`)
    const bad = sum(({ bad }) => bad)
    console.log(`${String(sum(({ points }) => points)).padStart(6)}  in all, ${bad === 0 ? 'all held' : `${bad} did not hold`}`)
    process.exit(bad === 0 ? 0 : 1)
  }
  // What is ended before its time says how far it came
  process.once('SIGTERM', end)
  process.once('SIGINT', end)

  return {
    add (name, point, faults) {
      if (!counts.has(name)) console.log(`${seconds()} s: ${name}`)
      const count = counts.get(name) ?? { points: 0, bad: 0 }
      counts.set(name, count)
      count.points++
      if (faults.length > 0) count.bad++
      for (const fault of faults) console.log(`${name}, ${point}: ${fault}`)
    },
    end
  }
}
