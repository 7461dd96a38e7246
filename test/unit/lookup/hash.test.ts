import assert from "node:assert/strict";
import { test } from "node:test";
import { createMapCompiler } from "../../../src/lookup/map.ts";
import { textValue } from "../../../src/lookup/value.ts";
import { plainSettings } from "./compile.ts";

const keys = Array.from({ length: 5000 }, (_, id) => `user${id}@host${id % 97}.example.com`);

test("a large hash is found by address, extension, user, domain, suffix", () => {
  const more = {
    "joe@": "user",
    "host1.example.com": "domain",
    ".example.net": "below",
    ".x.example/@s.example": "by s",
  };
  const hash = { ...Object.fromEntries(keys.map((key) => [key, key])), ...more, "bücher.example": "idn" };
  const context = { readFile: () => "", problem: () => {} };
  const settings = { ...plainSettings, recipient_delimiter: "+" };
  const map = createMapCompiler(settings).compile([hash], textValue, context);
  for (const [address, value] of [
    ["user7@host7.example.com", "user7@host7.example.com"],
    ["USER7+list@HOST7.example.com", "user7@host7.example.com"],
    ["joe+x@nowhere.example", "user"],
    ["ann@host1.example.com", "domain"],
    ["ann@a.b.example.net", "below"],
    ["ann@xn--bcher-kva.example", "idn"],
    ["ann@nowhere.example", undefined],
  ] as const) {
    assert.equal(map.first(address)?.value, value, address);
  }
  assert.equal(map.first("ann@x.example", "/@s.example")?.value, "by s");
  assert.equal(map.first("ann@x.example", "/@t.example"), undefined);
});
