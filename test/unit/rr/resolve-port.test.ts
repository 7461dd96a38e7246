import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { Resolve } from "../../../src/rr/answer.ts";
import { createPortResolve, serveResolve } from "../../../src/rr/resolve-port.ts";

test("questions asked over a port get their own answers, in whatever order these come", async () => {
  const { port1, port2 } = new MessageChannel();
  const release: (() => void)[] = [];
  const resolve: Resolve = async (name) => {
    await new Promise<void>((settle) => release.push(settle));
    return name === "gone.example"
      ? { status: "nxdomain", ttlSeconds: 1, secure: false }
      : { status: "trouble", trouble: "servfail" };
  };
  serveResolve(port2, () => async (name, type) => {
    const answer = resolve(name, type);
    if (release.length === 2) for (const settle of release.reverse()) settle();
    return answer;
  });
  const ask = createPortResolve(port1)(1);
  const [broken, gone] = await Promise.all([ask("broken.example", "TXT"), ask("gone.example", "A")]);
  assert.deepEqual(broken, { status: "trouble", trouble: "servfail" });
  assert.deepEqual(gone, { status: "nxdomain", ttlSeconds: 1, secure: false });
  port1.close();
});

test("who answers is chosen by the job that asks", async () => {
  const { port1, port2 } = new MessageChannel();
  const asked: string[] = [];
  serveResolve(port2, (job) => async (name) => {
    asked.push(`${job} ${name}`);
    return { status: "trouble", trouble: "refused" };
  });
  const askFor = createPortResolve(port1);
  await Promise.all([askFor(1)("a.example", "A"), askFor(2)("b.example", "A")]);
  assert.deepEqual(asked, ["1 a.example", "2 b.example"]);
  port1.close();
});
