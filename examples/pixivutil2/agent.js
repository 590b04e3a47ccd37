'use strict';
// What PixivUtil2 says while it loads images, as a script. Started by index.js: node agent.js --pipe=…

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
  const task = await agent.ffmpeg(['-version']); // usually: makes a film of images
  const code = await task.exitCode();
  await agent.title(`ffmpeg has ended with ${code}`);
  await agent.close();
}

main();
