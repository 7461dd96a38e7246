// The one place that knows how modules end that are started by URL: TypeScript in a checkout, JavaScript in a published
// package.

/** URL of a module named without its ending, as "./program", seen from the module whose import.meta.url is `from`. */
export function moduleUrl(name: string, from: string): URL {
  return new URL(`${name}.${from.endsWith(".ts") ? "ts" : "js"}`, from);
}

/** URL of `workers/<name>` beside this file's own tree. */
export function workerUrl(name: string): string {
  return moduleUrl(`../../workers/${name}`, import.meta.url).href;
}
