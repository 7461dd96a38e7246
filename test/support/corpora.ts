// Collections of others, which are not in the repository. Where a machine has none there are no tests on them either;
// test/corpora.test.ts says so once.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findCorpora } from "../corpora-run/corpora.ts";

const root = findCorpora();

/** The path of something in the collections; undefined where it is not here. */
export function corpus(...names: readonly string[]): string | undefined {
  const path = root === undefined ? undefined : join(root, ...names);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** A test that is handed the path of what it needs of the collections; no test where that is not here. */
export function corpusTest(
  name: string,
  needs: string,
  body: (path: string, t: TestContext) => void | Promise<void>,
): void {
  const path = corpus(needs);
  if (path !== undefined) test(name, (t) => body(path, t));
}
