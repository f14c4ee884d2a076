import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/program.ts'
import { afterwards } from './stage.ts'

const GUIDE = 'docs/guide/deployment.md'

/** An example of a page, by the file name in its first line. */
function example(page: string, name: string): string {
  const block = new RegExp(`^\`\`\`ts\\n// ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm')
  const [, code] = readFileSync(join(root, page), 'utf8').match(block) ?? []
  if (code === undefined) throw new Error(`${page} has no ${name}`)
  return code
}

/** The app of the guide in a folder, as who follows it has it. Removed when the test is over. */
export function guideFolder(change: { readonly tls?: (code: string) => string } = {}): string {
  const cache = join(root, 'node_modules/.cache/rollcall')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'deploy-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'chat.ts'), example('README.md', 'chat.ts'))
  writeFileSync(join(folder, 'app.ts'), example(GUIDE, 'app.ts'))
  writeFileSync(join(folder, 'tls.ts'), (change.tls ?? String)(example(GUIDE, 'tls.ts')))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
