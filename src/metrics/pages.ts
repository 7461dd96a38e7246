// What the endpoint shows: /metrics for Prometheus, /livez and /readyz for those that watch the process.
import { type Pages, plainAnswer } from "../http/endpoint.ts";
import { chooseFormat, contentType, type Format } from "./exposition.ts";

export interface PageNeeds {
  /** All metrics. */
  text(format: Format): Promise<string>;
  /** What keeps us from being ready; empty when we are. */
  notReady(): Promise<readonly string[]>;
}

export function metricsPages({ text, notReady }: PageNeeds): Pages {
  return {
    "/metrics": async (accept) => {
      const format = chooseFormat(accept);
      return { status: 200, type: contentType[format], text: await text(format) };
    },
    "/livez": () => plainAnswer(200, "ok\n"),
    "/readyz": async () => {
      const troubles = await notReady();
      return troubles.length === 0
        ? plainAnswer(200, "ok\n")
        : plainAnswer(503, troubles.map((trouble) => `${trouble}\n`).join(""));
    },
  };
}
