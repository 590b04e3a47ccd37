'use strict';

// What workloads of many small messages share. Used by pingpong.js, echo64.js and oneway.js.

/** A server that sends every message back and counts them. */
function echoServer({ send }) {
  let received = 0;
  return {
    onMessage(conn, data) {
      received++;
      send(conn, data);
    },
    report: () => ({ received }),
  };
}

/**
 * Runs `run(ctx, count)` for a warm-up and then measured; checks what the server has counted.
 * The CPU times are per message, the memory is what both processes hold together at the end.
 */
async function measureRate(ctx, run, warmUp) {
  await run(ctx, warmUp);
  const used = await ctx.measure(() => run(ctx, ctx.count));

  const { received, rssKb } = await ctx.report();
  const clientRssKb = process.memoryUsage.rss() / 1024;
  ctx.check(received === warmUp + ctx.count, `the server received ${received} messages`);
  return {
    rate: ctx.count / used.elapsedMs,
    cpu: used.clientCpuUs / ctx.count,
    serverCpu: used.serverCpuUs / ctx.count,
    rssMb: (clientRssKb + rssKb) / 1024,
  };
}

module.exports = { echoServer, measureRate };
