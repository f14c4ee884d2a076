// Pieces of SVG that both plots share: dark and light by themselves, no script, no font of their own.

export const WIDTH = 720
/** Rollcall's colour, then the peers'. */
const COLOURS = ['#2563eb', '#94a3b8', '#f59e0b', '#10b981', '#a855f7', '#ef4444', '#64748b']

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#64748b'
}

const STYLE = `text{font:13px system-ui,sans-serif;fill:#1e293b}.title{font-weight:600}.axis{stroke:#cbd5e1}.whisker{stroke:#0f172a}
@media (prefers-color-scheme:dark){text{fill:#e2e8f0}.axis{stroke:#475569}.whisker{stroke:#f1f5f9}}`

export function svg(height: number, title: string, parts: readonly string[]): string {
  const box = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img"><title>${escapeXml(title)}</title>`
  return `${[head, `<style>${STYLE}</style>`, ...parts, '</svg>'].join('\n')}\n`
}

export function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end', kind = ''): string {
  const style = kind === '' ? '' : ` class="${kind}"`
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${style}>${escapeXml(text)}</text>`
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${attributes}/>`
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)
}
