import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { codesOfDocs } from './codes.ts';

const server = process.env.GODWIT_SERVER ?? 'http://127.0.0.1:8080';
const proxy = { '/api': { target: server, changeOrigin: true, headers: { origin: server } } };

/**
 * Libraries that make style elements and attributes by themselves do so under the page's policy: with the nonce of
 * `index.html`, and by script. The build fails where a library changed what is replaced here.
 */
function underPolicy(): Plugin {
  const nonce = "document.querySelector('meta[name=csp-nonce]')?.content";
  const changes = [
    {
      file: /rc-component\/util\/es\/Dom\/dynamicCSS\.js/,
      from: 'if (csp?.nonce) {',
      to: `styleNode.nonce = csp?.nonce ?? ${nonce}; if (csp?.nonce) {`,
    },
    {
      file: /rc-component\/input\/es\/calculateNodeHeight\.js/,
      from: /hiddenTextarea\.setAttribute\('style', (`[^`]*`)\);/g,
      to: 'hiddenTextarea.style.cssText = $1;',
    },
  ];
  return {
    name: 'styles-under-policy',
    transform(code, id) {
      const change = changes.find(({ file }) => file.test(id));
      if (change === undefined) return undefined;
      const changed = code.replace(change.from, change.to);
      if (changed === code) throw new Error(`${id} is not as it was: look at its styles`);
      return changed;
    },
  };
}

export default defineConfig({
  plugins: [react(), underPolicy(), codesOfDocs()],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  build: {
    target: 'es2022',
    sourcemap: false,
    // What the page needs before anything is chosen; what a page alone needs comes with that page.
    chunkSizeWarningLimit: 1200,
    // These say nothing of side effects and have none: what only one page takes of them goes with that page.
    rolldownOptions: {
      treeshake: {
        moduleSideEffects: [
          { test: /node_modules\/(@rc-component|@ant-design|@babel\/runtime|antd|i18next)\//, sideEffects: false },
        ],
      },
    },
    emptyOutDir: true,
  },
  server: { proxy },
  preview: { proxy },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
