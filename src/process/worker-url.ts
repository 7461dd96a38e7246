// The one place that knows where worker modules lie: TypeScript in a checkout, JavaScript in a published package.

/** URL of `workers/<name>` beside this file's own tree. */
export function workerUrl(name: string): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`../../workers/${name}.${extension}`, import.meta.url).href;
}
