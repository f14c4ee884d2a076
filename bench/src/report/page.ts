import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judge } from '../verdict.ts'
import { barPlot } from './bars.ts'
import { format } from './format.ts'
import { percentilePlot } from './percentiles.ts'
import type { Dated, Results } from './results.ts'
import { tableOf, toMarkdown, verdictLine } from './table.ts'

const BEGIN = '<!-- results: written by `npm run bench -- report` -->'
const END = '<!-- end of results -->'

/** Replaces what stands between the marks of a page. @throws Error if a mark is missing. */
export function replaceResults(page: string, results: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines "${BEGIN}" and "${END}"`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${page.slice(end)}`
}

/** Writes the tables of a page and the plots beside it. Answers the files written. */
export function writePage(docs: string, dated: readonly Dated[]): string[] {
  const page = join(docs, 'performance.md')
  if (!existsSync(page)) throw new Error(`${page} is missing: it holds the words around the tables`)
  const plots = join(docs, 'performance')
  mkdirSync(plots, { recursive: true })
  const written: string[] = []
  const sections = dated.map(({ outcome, run }) => {
    const images = [
      [`${outcome.case.name}.svg`, barPlot(outcome)],
      [`${outcome.case.name}-latency.svg`, percentilePlot(outcome)],
    ] as const
    // Plots compare: of one system alone, the table says it all.
    const alone = outcome.entries.length < 2
    const links: string[] = []
    for (const [name, image] of images) {
      if (image === null || alone) continue
      writeFileSync(join(plots, name), image)
      written.push(join(plots, name))
      links.push(`![${outcome.case.title}](performance/${name})`)
    }
    return section(outcome, run, links)
  })
  writeFileSync(page, replaceResults(readFileSync(page, 'utf8'), sections.join('\n\n')))
  return [page, ...written]
}

function section(outcome: Dated['outcome'], run: Results, links: readonly string[]): string {
  const verdicts = judge(outcome).map((verdict) => `- ${verdictLine(verdict)}`)
  const parts = [`### ${outcome.case.title}`, toMarkdown(tableOf(outcome))]
  if (verdicts.length > 0) parts.push(verdicts.join('\n'))
  return [...parts, ...links, `<sub>${origin(outcome, run)}</sub>`].join('\n\n')
}

function origin({ entries }: Dated['outcome'], { at, machine, rounds, scale }: Results): string {
  const versions = new Map(entries.flatMap((entry) => Object.entries(entry.versions)))
  const names = [...versions].map(([name, version]) => `${name} ${version}`).join(', ')
  const where = `${machine.cpu}, ${machine.cores} cores, ${format(machine.memoryBytes, 'bytes')}, ${machine.system}`
  const commit = machine.changed ? `${machine.commit} with changes` : machine.commit
  return `${at.slice(0, 10)}, commit ${commit}; ${where}; ${rounds} rounds of ${scale.seconds} s; ${names}`
}
