/**
 * Moves positions apart, as little as possible and without changing their order, so that there is a gap
 * between each two, and between the first and `min` and the last and `max` where there is room.
 */
export function spread (positions: number[], gap: number, min: number, max: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b] || a - b)
  // Less the gaps, they may not fall. Those that do share their mean.
  const groups: Array<{ sum: number, count: number }> = []
  for (const [i, which] of order.entries()) {
    let group = { sum: positions[which] - i * gap, count: 1 }
    while (groups.length > 0 && mean(groups.at(-1)!) > mean(group)) {
      const { sum, count } = groups.pop()!
      group = { sum: group.sum + sum, count: group.count + count }
    }
    groups.push(group)
  }
  const highest = Math.max(min, max - (positions.length - 1) * gap)
  const moved = groups
    .flatMap(group => Array<number>(group.count).fill(mean(group)))
    .map((position, i) => Math.min(Math.max(position, min), highest) + i * gap)
  return positions.map((_, which) => moved[order.indexOf(which)])
}

const mean = ({ sum, count }: { sum: number, count: number }): number => sum / count
