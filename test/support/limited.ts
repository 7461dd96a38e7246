// node:test for tests with sockets and processes: each test and hook has a time limit of its own, so that a hang ends as a
// failure with the name of the test, and the file ends although something of the test is still open.
import * as node from "node:test";

/** Milliseconds; some ten times what the longest test takes on a busy machine with two cores. */
const limitMs = 60_000;

type Body = (t: node.TestContext) => void | Promise<void>;

export function test(name: string, body: Body): void;
export function test(name: string, options: node.TestOptions, body: Body): void;
export function test(name: string, second: node.TestOptions | Body, third?: Body): void {
  const options = typeof second === "function" ? {} : second;
  const body = typeof second === "function" ? second : third;
  void node.test(name, { timeout: limitMs, ...options }, body);
}

type Hook = () => unknown;
const limited = { timeout: limitMs };
/** What many tests of a file look at, made by other people's programs. */
const longLimited = { timeout: 3 * limitMs };
const promised = (hook: Hook) => async () => {
  await hook();
};

export const before = (hook: Hook): void => node.before(promised(hook), limited);
export const beforeAtLength = (hook: Hook): void => node.before(promised(hook), longLimited);
export const after = (hook: Hook): void => node.after(promised(hook), limited);
export const beforeEach = (hook: Hook): void => node.beforeEach(promised(hook), limited);
export const afterEach = (hook: Hook): void => node.afterEach(promised(hook), limited);

node.after(() => {
  setTimeout(() => {
    process.stderr.write(`${process.argv[1]}: still open ${limitMs / 1000} s after the last test: ${openNow()}\n`);
    process.exit(1);
  }, limitMs).unref();
});

function openNow(): string {
  return process.getActiveResourcesInfo().join(", ");
}
