/** A table in Markdown, some of whose columns are numbers. */
export const toTable = (head: string[], numbers: number[], rows: string[][]): string =>
  [head, head.map((_, i) => numbers.includes(i) ? '--:' : '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
