// Whether the main thread is there for mail: the delay that timers see, and how much of its time it works.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Declared } from "./declared.ts";

/** How often the delay is looked at; the histogram has this in each of its values. */
const everyMs = 20;
const percentiles = [50, 99, 100] as const;

export interface EventLoop {
  refreshTime(): void;
  /** The delay since the last call, which begins anew. */
  refreshDelay(): void;
  stop(): void;
}

export function watchEventLoop({ eventLoopDelay, eventLoopTime }: Declared): EventLoop {
  const histogram = monitorEventLoopDelay({ resolution: everyMs });
  histogram.enable();
  return {
    refreshDelay() {
      for (const percentile of percentiles) {
        const seconds = histogram.percentile(percentile) / 1e9 - everyMs / 1000;
        eventLoopDelay.set({ percentile }, Math.max(0, seconds));
      }
      histogram.reset();
    },
    refreshTime() {
      const { active, idle } = performance.eventLoopUtilization();
      eventLoopTime.reset();
      eventLoopTime.inc({ state: "active" }, active / 1000);
      eventLoopTime.inc({ state: "idle" }, idle / 1000);
    },
    stop: () => void histogram.disable(),
  };
}
