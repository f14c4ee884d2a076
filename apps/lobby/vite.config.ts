import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: `${import.meta.dirname}/web`,
  plugins: [react()],
  // Workspace packages are bundled from their sources.
  resolve: { conditions: ['@rollcall/source', 'module', 'browser', 'import', 'default'] },
  build: { outDir: `${import.meta.dirname}/dist/web`, emptyOutDir: true, target: 'es2022' },
})
