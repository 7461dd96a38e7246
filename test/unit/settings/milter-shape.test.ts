import assert from "node:assert/strict";
import { test } from "node:test";
import { milterListener } from "../../../src/settings/milter-shape.ts";

function refuse(wanted: string): never {
  throw new Error(wanted);
}

const spellings = [
  ["127.0.0.1:8891", "127.0.0.1:8891"],
  ["8891", "127.0.0.1:8891"],
  [8891, "127.0.0.1:8891"],
  ["[::1]:8891", "[::1]:8891"],
  ["inet:8891@127.0.0.1", "127.0.0.1:8891"],
  ["inet6:8891@::1", "[::1]:8891"],
  ["inet:127.0.0.1:8891", "127.0.0.1:8891"],
  ["/run/signpost/milter.sock", "/run/signpost/milter.sock"],
  ["unix:/run/signpost/milter.sock", "/run/signpost/milter.sock"],
  ["local:/run/signpost/milter.sock", "/run/signpost/milter.sock"],
] as const;

for (const [given, address] of spellings) {
  test(`${given} is ${address}`, () => {
    assert.deepEqual(milterListener.read(given, refuse), { address, bank: null });
    assert.deepEqual(milterListener.read({ address: given, bank: "SIGN" }, refuse), { address, bank: "SIGN" });
    assert.deepEqual(milterListener.read({ address }, refuse), { address, bank: null });
  });
}

for (const wrong of [
  "",
  "host",
  "unix:relative",
  null,
  {},
  { address: "8891", bank: 1 },
  { address: "8891", port: 1 },
]) {
  test(`${JSON.stringify(wrong)} is refused`, () => assert.throws(() => milterListener.read(wrong, refuse)));
}
