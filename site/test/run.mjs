// `npm run test:docs`: builds the site and reads all of it in headless Chromium, as a visitor would. Every page loads, asks
// nobody else for anything and fits a phone; no link and no anchor leads nowhere; the search finds; the dark mode is dark.
//
//   npm run test:docs -- --screenshots DIR    also draws some pages, light and dark, wide and narrow
//   CHROMIUM                                  the browser; default: `chromium` on the path
//
// Prints what is wrong, and exits with 1 if something is.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const site = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(site, 'dist');
const { values } = parseArgs({ options: { screenshots: { type: 'string' } } });

await import('../build.mjs');
const { default: puppeteer } = await import('puppeteer-core');
const { serve } = await import('./server.mjs');

const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 375, height: 812, isMobile: true, hasTouch: true };
const DRAWN = [
  '/index.html',
  '/docs/installing.html',
  '/docs/compatibility/tls.html',
  '/docs/api.html',
];

const problems = [];
const wrong = (page, what) => problems.push(`${page}: ${what}`);

const executablePath =
  process.env.CHROMIUM ?? execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
const { origin, close } = await serve(dist);
// Root may not use Chromium's sandbox; the pages are our own.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await puppeteer.launch({ executablePath, args });

const pages = fs
  .readdirSync(dist, { recursive: true })
  .filter((name) => name.endsWith('.html') && name !== '404.html')
  .map((name) => `/${name.split(path.sep).join('/')}`)
  .sort();

/** A tab that tells of what goes wrong in it. */
async function openTab() {
  // A visitor of its own: nothing is remembered of others.
  const context = await browser.createBrowserContext();
  const tab = await context.newPage();
  const at = () => tab.url().replace(origin, '');
  tab.on('pageerror', (error) => wrong(at(), error.message));
  tab.on('console', (message) => message.type() === 'error' && wrong(at(), message.text()));
  tab.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin))
      wrong(at(), `asks ${request.url()}`);
  });
  tab.on(
    'response',
    (answer) => answer.status() >= 400 && wrong(at(), `${answer.status()}: ${answer.url()}`),
  );
  return tab;
}

/** What a page has: its title, anchors and links, and whether its content is wider than the window. */
const look = () => ({
  title: document.querySelector('h1')?.textContent ?? '',
  ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
  links: [...document.querySelectorAll('a[href]')].map(({ href }) => href),
  pictures: [...document.images]
    .filter((it) => it.complete && it.naturalWidth === 0)
    .map(({ src }) => src),
  excess: document.documentElement.scrollWidth - document.documentElement.clientWidth,
});

async function readPages() {
  const tab = await openTab();
  const seen = new Map();
  for (const [name, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
    await tab.setViewport(viewport);
    for (const page of pages) {
      await tab.goto(origin + page, { waitUntil: 'load' });
      const found = await tab.evaluate(look);
      if (!found.title) wrong(page, 'has no title');
      if (found.excess > 0) wrong(page, `is ${found.excess} pixels wider than a ${name} window`);
      for (const it of found.pictures) wrong(page, `does not show ${it}`);
      seen.set(page, found);
    }
  }
  await tab.close();
  return seen;
}

/** Every link to the site itself leads to a page, and its anchor to a place there. */
function checkLinks(seen) {
  for (const [page, { links }] of seen) {
    for (const link of new Set(links)) {
      const { origin: to, pathname, hash } = new URL(link);
      if (to !== origin) continue;
      const target = seen.get(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
      if (!target) wrong(page, `links to ${pathname}, which is not there`);
      else if (hash && !target.ids.includes(decodeURIComponent(hash.slice(1))))
        wrong(page, `links to ${pathname}${hash}, and there is no such place`);
    }
  }
}

/** The results for `words`, as soon as one is in `part`: the page searches while one types. */
async function search(tab, words, part) {
  await tab.goto(`${origin}/index.html`, { waitUntil: 'networkidle0' });
  await tab.click('#local-search button');
  await tab.waitForSelector('#localsearch-input');
  await tab.type('#localsearch-input', words);
  const isThere = (wanted) =>
    [...document.querySelectorAll('.results .result')].some(({ href }) => href.includes(wanted));
  await tab.waitForFunction(isThere, { timeout: 30_000 }, part).catch(() => {});
  return tab.$$eval('.results .result', (all) => all.map(({ href }) => href));
}

async function checkSearch() {
  const tab = await openTab();
  await tab.setViewport(WIDE);
  const wanted = {
    maxConnections: 'docs/',
    ERR_FERRIPC_NO_BINARY: 'docs/',
    'when a message leaves': 'docs/compatibility/sending.html',
  };
  for (const [words, part] of Object.entries(wanted)) {
    const results = await search(tab, words, part).catch(() => []);
    if (!results.some((href) => href.includes(part)))
      wrong('search', `${words}: ${results.length} results, none in ${part}`);
  }
  await tab.keyboard.press('Enter');
  await tab
    .waitForFunction(() => window.location.pathname !== '/index.html')
    .catch(() => wrong('search', 'Enter opens nothing'));
  await tab.close();
}

const brightness = () => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
  return (r + g + b) / 3;
};

async function checkDarkMode() {
  const tab = await openTab();
  await tab.setViewport(WIDE);
  for (const [value, isRight] of [
    ['light', (it) => it > 200],
    ['dark', (it) => it < 80],
  ]) {
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    await tab.goto(`${origin}/index.html`, { waitUntil: 'load' });
    const is = await tab.evaluate(brightness);
    if (!isRight(is))
      wrong('dark mode', `where ${value} is preferred the background has ${is} of 255`);
  }
  await tab.click('.VPNavBarAppearance .VPSwitchAppearance');
  const after = await tab.evaluate(brightness);
  if (after < 200) wrong('dark mode', 'the switch does not make it light');
  await tab.close();
}

async function draw(folder) {
  fs.mkdirSync(folder, { recursive: true });
  const tab = await openTab();
  for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
    for (const scheme of ['light', 'dark']) {
      await tab.setViewport(viewport);
      await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const page of DRAWN) {
        await tab.goto(origin + page, { waitUntil: 'networkidle0' });
        const name = page.replace(/^\//, '').replace(/\W+/g, '-');
        await tab.screenshot({ path: path.join(folder, `${name}-${size}-${scheme}.png`) });
      }
    }
  }
}

try {
  checkLinks(await readPages());
  await checkSearch();
  await checkDarkMode();
  if (values.screenshots) await draw(values.screenshots);
} finally {
  await browser.close();
  close();
}
for (const line of problems) console.error(line);
console.log(`${pages.length} pages, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
