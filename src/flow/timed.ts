// Puts a clock around each stage of the flow.
import type { Stage, Stages } from "./pipeline.ts";

export type ObserveStage = (stage: Stage, elapsedMs: number) => void;

/** The same stages; `observe` is called with how long each took, whether it ended well or threw. */
export function timed(stages: Stages, observe: ObserveStage): Stages {
  function clocked<A extends readonly unknown[], R>(stage: Stage, work: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      const startedAt = performance.now();
      let isPending = false;
      try {
        const result = work(...args);
        isPending = result instanceof Promise;
        if (result instanceof Promise) observeEnd(stage, startedAt, result);
        return result;
      } finally {
        if (!isPending) observe(stage, performance.now() - startedAt);
      }
    };
  }
  /** Beside the result, not around it: the flow waits for one promise less. */
  function observeEnd(stage: Stage, startedAt: number, result: Promise<unknown>): void {
    const done = () => observe(stage, performance.now() - startedAt);
    result.then(done, done);
  }
  return {
    route: clocked("route", stages.route),
    check: clocked("check", stages.check),
    refine: clocked("refine", stages.refine),
    inspect: clocked("inspect", stages.inspect),
    score: clocked("score", stages.score),
    decide: clocked("decide", stages.decide),
    keep: clocked("keep", stages.keep),
    annotate: clocked("annotate", stages.annotate),
    sign: clocked("sign", stages.sign),
    relay: clocked("relay", stages.relay),
    notify: clocked("notify", stages.notify),
  };
}

export const stageNames = [
  "route",
  "check",
  "refine",
  "inspect",
  "score",
  "decide",
  "keep",
  "annotate",
  "sign",
  "relay",
  "notify",
] as const satisfies readonly Stage[];
