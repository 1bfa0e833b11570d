import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** The folder of the package that a module belongs to; null for the page's own. */
function packageOf(module: string): string | null {
  return module.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? null;
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  if (!file) throw new Error(`${name} has no text of its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}

/** Puts the licences of everything in the bundle beside it, as they ask for, and names the place at the head of each script. */
export function licenses(): Plugin {
  return {
    name: 'plenum-licenses',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const folders = new Set(chunks.flatMap((chunk) => chunk.moduleIds.map(packageOf)).filter((folder) => folder !== null));
      const source = [...folders]
        .sort()
        .map(licenseOf)
        .join(`\n${'-'.repeat(78)}\n\n`);
      const file = this.getFileName(this.emitFile({ type: 'asset', name: 'licenses.txt', source }));
      for (const chunk of chunks) chunk.code = `/*! Licences of what is in here: /${file} */\n${chunk.code}`;
    },
  };
}
