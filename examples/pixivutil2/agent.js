'use strict';
// What PixivUtil2 says while it loads images, as a script. Started by index.js: node agent.js --pipe=…

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Agent, DownloadResult, parseIpcOption } = require('ferripc/pixivutil2');

async function main() {
  const agent = await Agent.connect(parseIpcOption(process.argv[2]));
  const images = 8;
  await agent.total(images);
  for (let i = 1; i <= images; i++) {
    await agent.title(`image ${i} of ${images}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const result = i === 3 ? DownloadResult.SKIP_DUPLICATE : DownloadResult.OK;
    await agent.downloaded(99887760 + i, result);
  }
  // A film of a second, usually of images. Where ffmpeg is not installed, the controller only says that it was made.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-'));
  const film = path.join(folder, 'a film.mp4');
  const source = ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=5'];
  const task = await agent.ffmpeg(['-loglevel', 'error', '-y', ...source, '-t', '1', film]);
  const code = await task.exitCode();
  const made = fs.existsSync(film) ? `, a film of ${fs.statSync(film).size} bytes` : '';
  await agent.title(`ffmpeg has ended with ${code}${made}`);
  fs.rmSync(folder, { recursive: true });
  await agent.close();
}

main();
