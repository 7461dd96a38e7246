import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyStore } from "../../../src/signing/key-store.ts";
import { ed25519Pem, filesOf, rsaPem } from "./keys.ts";

test("a key is read when it is first opened, and again once others were used more lately", () => {
  const files = filesOf({ a: rsaPem, b: ed25519Pem, c: ed25519Pem });
  const store = createKeyStore(files.readFile, 2);
  for (const source of ["a", "a", "b", "a", "c", "a", "b"]) assert.ok("key" in store.open({ source }));
  assert.deepEqual(files.reads, ["a", "b", "c", "b"]);
});

test("a look keeps nothing, and uses what is kept", () => {
  const files = filesOf({ a: rsaPem, b: ed25519Pem });
  const store = createKeyStore(files.readFile);
  store.open({ source: "a" });
  for (const source of ["a", "b", "b"]) assert.ok("key" in store.look({ source }));
  assert.deepEqual(files.reads, ["a", "b", "b"]);
});

test("a key that could not be read is tried again: it may have been mended", () => {
  const content: Record<string, string> = {};
  const store = createKeyStore(filesOf(content).readFile);
  assert.deepEqual(store.open({ source: "a" }), { trouble: "No such file or directory" });
  content["a"] = "no key, sorry";
  assert.deepEqual(store.open({ source: "a" }), { trouble: "is not a private key in PEM form" });
  content["a"] = rsaPem;
  assert.ok("key" in store.open({ source: "a" }));
});

test("a key that stands in a table is one, wherever it is used", () => {
  const store = createKeyStore(filesOf({}).readFile);
  const [one, other] = [1, 2].map(() => store.open({ source: "(inline)", text: ed25519Pem }));
  assert.ok(one !== undefined && "key" in one && other !== undefined && "key" in other);
  assert.equal(one.key.object, other.key.object);
});
