import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessagePort } from "node:worker_threads";
import { createDigester } from "../../../src/pool/digester.ts";

test("chunks go to the worker several at a time, what is left when the digest is asked for", async () => {
  let port: MessagePort | undefined;
  let done = (): void => undefined;
  const digester = createDigester(
    (given) => {
      assert.ok(given instanceof MessagePort);
      port = given;
      return new Promise((resolve) => {
        done = () => resolve([]);
      });
    },
    { deadlineMs: 1000, onOverdue: () => assert.fail("nothing is overdue") },
    2,
  );
  assert.ok(port !== undefined);
  const hashed: number[] = [];
  const updates = [1, 2, 3].map((octet) => digester.update(Uint8Array.of(octet)).then(() => hashed.push(octet)));
  assert.deepEqual(await once(port, "message"), [[Uint8Array.of(1), Uint8Array.of(2)]]);
  port.postMessage(2);
  await Promise.all(updates.slice(0, 2));
  assert.deepEqual(hashed, [1, 2]);
  const digests = digester.digest();
  assert.deepEqual(await once(port, "message"), [[Uint8Array.of(3)]]);
  done();
  assert.deepEqual(await digests, []);
  await Promise.all(updates);
});
