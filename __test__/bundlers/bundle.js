'use strict';
// node bundle.js <bundler> <project> <file> [external] [app]: bundles an app of `project` into `file`, with
// ferripc left out of it (`external`) or inside. A process of its own for bundlers.test.js, because jest
// must not see the bundlers' modules.

const fs = require('node:fs');
const path = require('node:path');

const [bundler, project, file, ...rest] = process.argv.slice(2);
const external = rest.includes('external');
const app = rest.find((name) => name.startsWith('./')); // instead of the bundler's own

async function webpack(mode) {
  const stats = await new Promise((resolve, reject) => {
    const options = {
      context: project,
      entry: app ?? './app.cjs',
      output: { path: path.dirname(file), filename: path.basename(file) },
      target: 'node',
      mode,
      externals: external ? { ferripc: 'commonjs ferripc' } : {},
    };
    require('webpack')(options, (error, result) => (error ? reject(error) : resolve(result)));
  });
  if (stats.hasErrors()) throw new Error(stats.toString());
}

function esbuild(options) {
  return require('esbuild').build({
    absWorkingDir: project,
    entryPoints: [app ?? 'app.mjs'],
    outfile: file,
    bundle: true,
    platform: 'node',
    external: [...(external ? ['ferripc'] : []), 'electron', 'vscode'],
    ...options,
  });
}

const bundlers = {
  async ncc() {
    const { code } = await require('@vercel/ncc')(path.join(project, 'app.cjs'), {
      externals: external ? ['ferripc'] : [],
      quiet: true,
    });
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, code);
  },

  esbuild: () => esbuild({ format: 'cjs' }),

  // There esbuild has no `require` for Node's modules. Before Node 20.16 and 22.3 it needs this line of docs/electron.md.
  'esbuild, ES module'() {
    const first = "import { createRequire } from 'node:module';";
    const js = `${first} const require = createRequire(import.meta.url);`;
    return esbuild({ format: 'esm', banner: process.getBuiltinModule ? {} : { js } });
  },

  webpack: () => webpack('production'),

  // Each module is a string that is evaluated, without a file of its own.
  'webpack, development': () => webpack('development'),

  async vite() {
    const { build } = await import('vite');
    await build({
      root: project,
      configFile: false,
      logLevel: 'error',
      ssr: external ? { external: ['ferripc'] } : { noExternal: ['ferripc'] },
      build: {
        ssr: app ?? 'app.mjs',
        outDir: path.dirname(file),
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: path.basename(file) } },
      },
    });
  },

  async rollup() {
    const named = (name) => require(`@rollup/plugin-${name}`).default;
    const bundle = await require('rollup').rollup({
      input: path.resolve(project, app ?? 'app.mjs'),
      external: [...(external ? ['ferripc'] : []), /^node:/],
      plugins: [
        named('node-resolve')({ exportConditions: ['node'] }),
        named('commonjs')(),
        // Its own plugin for JSON does no more.
        {
          name: 'json',
          transform: (text, id) => (id.endsWith('.json') ? `export default ${text}` : null),
        },
      ],
      onwarn: ({ code, message }) => {
        if (code !== 'CIRCULAR_DEPENDENCY') throw new Error(message);
      },
    });
    await bundle.write({ file, format: 'es' });
  },

  async 'vite library'() {
    const { build } = await import('vite');
    await build({
      root: project,
      configFile: false,
      logLevel: 'error',
      build: {
        lib: { entry: app ?? 'app.mjs', formats: ['es'], fileName: () => path.basename(file) },
        outDir: path.dirname(file),
        emptyOutDir: false,
        rollupOptions: { external: external ? ['ferripc', /^node:/] : [/^node:/] },
      },
    });
  },
};

bundlers[bundler]();
