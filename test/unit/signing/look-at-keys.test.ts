import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyStore } from "../../../src/signing/key-store.ts";
import { createKeyLook } from "../../../src/signing/look-at-keys.ts";
import { filesOf, rsaPem, systemError } from "./keys.ts";

function looking(files: ReturnType<typeof filesOf>, most: number) {
  return createKeyLook(files, createKeyStore(files.readFile), most);
}

test("each file is looked at, the first of them are read", () => {
  const files = filesOf({ a: rsaPem, b: "no key, sorry", c: "no key, sorry", d: systemError("EACCES") });
  const look = looking(files, 2);
  const troubles = ["a", "b", "c", "d", "gone"].map((source) => look({ source }).trouble);
  assert.deepEqual(troubles, [
    undefined,
    "is not a private key in PEM form",
    undefined,
    "Permission denied",
    "No such file or directory",
  ]);
  assert.deepEqual(files.reads, ["a", "b"]);
});

test("a file that several keys share is looked at once, and its mode told once", () => {
  const files = filesOf({ a: rsaPem }, { a: 0o644 });
  const look = looking(files, 10);
  assert.deepEqual(
    [1, 2].map(() => look({ source: "a" }).exposure?.severity),
    ["warning", undefined],
  );
  assert.deepEqual(files.reads, ["a"]);
});

test("what others can do with a key: put another there, use it, or only the group", () => {
  const modes = { a: 0o602, b: 0o644, c: 0o640, d: 0o600, "e.own": 0o640, "f.own": 0o660 };
  const names = Object.keys(modes);
  const look = looking(filesOf(Object.fromEntries(names.map((name) => [name, rsaPem])), modes), 10);
  assert.deepEqual(
    names.map((source) => look({ source }).exposure?.severity),
    ["error", "warning", "note", undefined, undefined, "note"],
  );
});

test("a key that stands in the configuration has no file", () => {
  const { trouble, key, exposure } = looking(filesOf({}), 10)({ source: "(inline)", text: rsaPem });
  assert.deepEqual([trouble, key?.bits, exposure], [undefined, 2048, undefined]);
});
