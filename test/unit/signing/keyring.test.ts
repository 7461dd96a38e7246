import assert from "node:assert/strict";
import { test } from "node:test";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { filesOf, rsaPem, systemError } from "./keys.ts";

const folder = (content: Readonly<Record<string, string | Error>>) => {
  const files = filesOf(Object.fromEntries(Object.entries(content).map(([name, text]) => [`/d/${name}/s.pem`, text])));
  return { files, ...loadKeyring({ dkim_key_dir: "/d" }, files, 1) };
};

test("keys beyond those that are read at first are listed, and read when they first sign", () => {
  const { files, keyring, problems } = folder({
    "a.example": rsaPem,
    "b.example": rsaPem,
    "c.example": "no key, sorry",
  });
  assert.deepEqual(files.reads, ["/d/a.example/s.pem"]);
  assert.deepEqual(problems, []);
  assert.equal(keyring.keys.length, 3);
  const [b] = keyring.find("b.example");
  const [c] = keyring.find("c.example");
  assert.ok(b !== undefined && c !== undefined);
  assert.ok("key" in keyring.open(b) && "key" in keyring.open(b));
  assert.deepEqual(keyring.open(c), { trouble: "is not a private key in PEM form" });
  assert.deepEqual(files.reads.slice(1), ["/d/b.example/s.pem", "/d/c.example/s.pem"]);
});

test("one that was found unreadable stays so until the next reload, as its warning says", () => {
  const { files, keyring, problems } = folder({ "a.example": rsaPem, "b.example": systemError("EACCES") });
  const [b] = keyring.find("b.example");
  assert.ok(b !== undefined);
  for (const read of [keyring.open(b), keyring.look(b)]) assert.deepEqual(read, { trouble: "Permission denied" });
  assert.deepEqual(files.reads, ["/d/a.example/s.pem"]);
  assert.equal(problems.length, 1);
});
