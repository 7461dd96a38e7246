// Loaded into the daemon's process before it starts: watches how long its event loop is kept from turning, and says so
// when asked over the channel to the process that measures.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const resolutionMs = 10;

if (isMainThread && process.send !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  process.on("message", (message) => {
    // Processes that the daemon starts have it loaded too, and are told other things.
    if (message !== "delay") return;
    // What is recorded holds the timer's own interval.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
    process.send?.({ p99: late(histogram.percentile(99)), max: late(histogram.max) });
    histogram.reset();
  });
  process.channel?.unref();
}
