import { defineConfig } from 'vitest/config';
import { budget } from './build/budget.ts';
import { licenses } from './build/licenses.ts';

// Where `npx vite` finds a node; a build does not look at it.
const node = process.env.PLENUM_SERVER ?? 'http://127.0.0.1:8080';
const paths = [
  '/login',
  '/register',
  '/refresh',
  '/logout',
  '/join',
  '/invitation',
  '/user',
  '/users',
  '/chats',
  '/messages',
  '/connection',
  '/emulation',
  '/demo.json',
];

export default defineConfig({
  build: {
    target: 'es2022',
    // The page's policy loads nothing inline and nothing from data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What stands there besides is tracked by git, so that the folder is always there; scripts/page.sh empties the rest.
    emptyOutDir: false,
  },
  plugins: [licenses(), budget()],
  server: { proxy: Object.fromEntries(paths.map((path) => [path, { target: node, ws: path === '/connection' }])) },
  test: { include: ['tests/**/*.test.ts'], setupFiles: ['tests/browser.ts'] },
});
