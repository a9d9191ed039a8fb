import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The scenarios as one program for Node.js; what drives the browser stays in node_modules. */
export default defineConfig({
  build: {
    ssr: true,
    outDir: fileURLToPath(new URL('dist', import.meta.url)),
    emptyOutDir: true,
    copyPublicDir: false,
    target: 'node20',
    minify: false,
    rollupOptions: {
      input: ['run.ts', 'pictures.ts'].map((name) => fileURLToPath(new URL(name, import.meta.url))),
      external: ['playwright-core', 'axe-core', 'typescript'],
    },
  },
  logLevel: 'warn',
});
