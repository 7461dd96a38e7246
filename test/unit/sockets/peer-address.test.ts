import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutMapping } from "../../../src/sockets/peer-address.ts";

test("IPv4 within IPv6 is IPv4, everything else stays", () => {
  for (const [address, wanted] of [
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "::ffff:c000:201"],
    ["2001:db8::1", "2001:db8::1"],
    ["", ""],
    [undefined, ""],
  ] as const) {
    assert.equal(withoutMapping(address), wanted);
  }
});
