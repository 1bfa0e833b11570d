import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Everything that a first visit loads, compressed with gzip. */
const FIRST_LOAD_BYTES_MAX = 120 * 1024;

/**
 * Writes beside each file of the page what it becomes in brotli and in gzip, prints what a first visit costs, and fails the build when that is
 * too much.
 */
export function budget(): Plugin {
  return {
    name: 'plenum-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        let gzipBytes = 0;
        let brotliBytes = 0;
        for (const file of Object.values(bundle)) {
          // Nobody loads the licences who does not want to read them.
          const isLoaded = !file.fileName.endsWith('.txt');
          const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          const gzip = gzipSync(bytes, { level: 9 });
          const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: gzip });
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.br`, source: brotli });
          if (!isLoaded) continue;
          gzipBytes += gzip.length;
          brotliBytes += brotli.length;
        }
        const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;
        const line = `first load: ${kilobytes(brotliBytes)} in brotli, ${kilobytes(gzipBytes)} in gzip, of ${kilobytes(FIRST_LOAD_BYTES_MAX)}`;
        if (gzipBytes > FIRST_LOAD_BYTES_MAX) this.error(line);
        console.info(line);
      },
    },
  };
}
