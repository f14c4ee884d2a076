/**
 * Pages of metrics as one page: each metric once, with the samples of all. Of samples with the same name and labels the
 * first stays, since a page must not have two.
 */
export function joinMetrics(pages: readonly string[]): string {
  const metrics = new Map<string, { readonly head: string; readonly samples: Map<string, string> }>()
  for (const page of pages)
    for (const block of page.split(/\n\n+/)) {
      const lines = block.split('\n').filter((line) => line !== '')
      const head = lines.filter((line) => line.startsWith('#')).join('\n')
      if (head === '') continue
      const metric = metrics.get(head) ?? { head, samples: new Map() }
      metrics.set(head, metric)
      for (const line of lines) {
        const name = line.slice(0, line.lastIndexOf(' '))
        if (!line.startsWith('#') && !metric.samples.has(name)) metric.samples.set(name, line)
      }
    }
  return `${[...metrics.values()].map(({ head, samples }) => [head, ...samples.values()].join('\n')).join('\n\n')}\n`
}
