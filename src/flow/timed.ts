// Puts a clock around each stage of the flow.
import type { Stage, Stages } from "./pipeline.ts";

export type ObserveStage = (stage: Stage, elapsedMs: number) => void;

/** The same stages; `observe` is called with how long each took, whether it ended well or threw. */
export function timed(stages: Stages, observe: ObserveStage): Stages {
  function now<A extends readonly unknown[], R>(stage: Stage, work: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      const startedAt = performance.now();
      try {
        return work(...args);
      } finally {
        observe(stage, performance.now() - startedAt);
      }
    };
  }
  function later<A extends readonly unknown[], R>(stage: Stage, work: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      const startedAt = performance.now();
      const done = () => observe(stage, performance.now() - startedAt);
      const result = work(...args);
      if (!(result instanceof Promise)) {
        done();
        return result;
      }
      // Beside the result, not around it: the flow waits for one promise less.
      result.then(done, done);
      return result;
    };
  }
  return {
    route: now("route", stages.route),
    check: later("check", stages.check),
    refine: now("refine", stages.refine),
    inspect: later("inspect", stages.inspect),
    score: later("score", stages.score),
    decide: now("decide", stages.decide),
    keep: later("keep", stages.keep),
    annotate: now("annotate", stages.annotate),
    sign: later("sign", stages.sign),
    relay: later("relay", stages.relay),
    notify: later("notify", stages.notify),
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
