// The site's settings: which files are its pages, the menu, and how links leave it. Read by VitePress; see ../README.md.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const site = fileURLToPath(new URL('..', import.meta.url));
const pages = path.join(site, 'pages'); // what stage.mjs has copied
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, SITE_BASE: base } = process.env;
const manifest = JSON.parse(fs.readFileSync(path.join(site, '..', 'package.json'), 'utf8'));
const home =
  server && repository ? `${server}/${repository}` : manifest.homepage.replace(/#.*/, '');

/** The anchor that GitHub gives a heading: links are written for both. */
const slugify = (text) =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const titleOf = (file) =>
  fs
    .readFileSync(path.join(pages, file), 'utf8')
    .match(/^# (.*)$/m)[1]
    .replaceAll('`', '');

/** The pages that a list of `[name](file.md)` names, below `folder`. */
const itemsOf = (text, folder) =>
  [...text.matchAll(/\]\(([^):#]+\.md)\)/g)].map(([, file]) => {
    const page = path.posix.join(folder, file);
    return { text: titleOf(page), link: `/${page.replace(/\.md$/, '')}` };
  });

/** The menu: a group for each section of docs/README.md that lists pages, and one for the pages of the root. */
function sidebar() {
  const index = fs.readFileSync(path.join(pages, 'docs', 'index.md'), 'utf8');
  const groups = index
    .split(/^## /m)
    .slice(1)
    .map((section) => ({ text: section.split('\n')[0], items: itemsOf(section, 'docs') }))
    .filter(({ items }) => items.length > 0);
  const compatibility = fs.readFileSync(path.join(pages, 'docs', 'compatibility.md'), 'utf8');
  groups.push({ text: 'Compatibility', collapsed: true, items: itemsOf(compatibility, 'docs') });
  const project = ['CHANGELOG', 'SECURITY', 'CONTRIBUTING'];
  groups.push({
    text: 'Project',
    items: project.map((page) => ({ text: titleOf(`${page}.md`), link: `/${page}` })),
  });
  return groups;
}

/** Links to what is not a page go to the repository. */
function linksLeave(md) {
  md.core.ruler.push('links-leave', ({ tokens, env }) => {
    const folder = path.posix.dirname(env.relativePath);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (!href || /^([a-z]+:|#)/.test(href)) continue;
      const [file, anchor] = href.split('#');
      const target = path.posix.join(folder, decodeURIComponent(file));
      if (target === 'docs/README.md')
        token.attrSet('href', `/docs/index.md${anchor ? `#${anchor}` : ''}`);
      else if (target === 'README.md') token.attrSet('href', '/index.md');
      else if (!fs.existsSync(path.join(pages, target)) || !target.endsWith('.md'))
        token.attrSet('href', `${home}/blob/main/${target}`);
    }
  });
}

/** Two ends and what connects them. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<path d="M8 16h16" stroke="#c2410c" stroke-width="4"/>
<circle cx="7" cy="16" r="6" fill="#c2410c"/><circle cx="25" cy="16" r="6" fill="#c2410c"/></svg>`;

export default {
  title: 'ferripc',
  description: manifest.description,
  lang: 'en',
  base: base ?? '/',
  srcDir: 'pages',
  outDir: 'dist',
  cacheDir: 'cache',
  lastUpdated: false,
  head: [
    [
      'link',
      {
        rel: 'icon',
        type: 'image/svg+xml',
        href: `data:image/svg+xml,${encodeURIComponent(icon)}`,
      },
    ],
  ],
  markdown: {
    anchor: { slugify },
    config: linksLeave,
    languageAlias: { mjs: 'js', 'rust,no_run': 'rust' },
  },
  themeConfig: {
    nav: [
      { text: 'Install', link: '/docs/installing' },
      { text: 'Migrate', link: '/docs/migration' },
      { text: 'API', link: '/docs/api' },
      { text: 'All documents', link: '/docs/' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: home }],
  },
};
