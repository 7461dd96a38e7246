import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { SignRequest } from "../../../src/dkim/engine.ts";
import { KeptProfiles, NumberedProfiles } from "../../../src/dkim/sign-profile.ts";

const fields = { from: 2, subject: 1 };
const newKey = () => generateKeyPairSync("ed25519").privateKey;

function request(changes: Partial<SignRequest> = {}): SignRequest {
  return {
    domain: "b.example",
    selector: "s",
    algorithm: "ed25519-sha256",
    headerCanonicalization: "relaxed",
    bodyCanonicalization: "simple",
    identity: "@b.example",
    signedAt: 1,
    expiresAt: 2,
    signedFields: fields,
    privateKey: key,
    ...changes,
  };
}
const key = newKey();

test("a request comes out as it went in, and from the second time on without its profile", () => {
  const [sender, worker] = [new NumberedProfiles(), new KeptProfiles()];
  const first = sender.send(request(), "short");
  assert.deepEqual(worker.receive([first]), [request()]);
  const other = request({ domain: "c.example", identity: "", signedAt: 3, expiresAt: undefined });
  const second = sender.send(other, "short");
  assert.equal(second[1], undefined);
  assert.deepEqual(worker.receive([second]), [other]);
});

test("whatever differs beyond domain, identity and times is another profile", () => {
  const [sender, worker] = [new NumberedProfiles(), new KeptProfiles()];
  const changes: readonly Partial<SignRequest>[] = [
    {},
    { selector: "t" },
    { headerCanonicalization: "simple" },
    { bodyCanonicalization: "relaxed" },
    { signedFields: { ...fields } },
    { signedFields: { from: 1 } },
    { privateKey: newKey() },
  ];
  const sent = changes.map((each) => sender.send(request(each), "short"));
  assert.equal(new Set(sent.map(([number]) => number)).size, changes.length);
  assert.deepEqual(
    worker.receive(sent),
    changes.map((each) => request(each)),
  );
});

test("a worker that does not know a profile says so, and is told by sending the whole", () => {
  const sender = new NumberedProfiles();
  sender.send(request(), "short");
  const fresh = new KeptProfiles();
  assert.equal(fresh.receive([sender.send(request(), "short")]), undefined);
  assert.deepEqual(fresh.receive([sender.send(request(), "whole")]), [request()]);
  assert.deepEqual(fresh.receive([sender.send(request(), "short")]), [request()]);
});

test("neither side grows with the number of keys", () => {
  const [sender, worker] = [new NumberedProfiles(), new KeptProfiles()];
  for (let i = 0; i < 2100; i += 1) worker.receive([sender.send(request({ privateKey: newKey() }), "short")]);
  // The first key was forgotten on one side and kept out on the other: it still signs.
  assert.deepEqual(worker.receive([sender.send(request(), "short")]), [request()]);
});
