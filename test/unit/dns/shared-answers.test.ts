// Answers as octets and back; whatever else stands in a shared cache is no answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSharedAnswers, decodeAnswer, encodeAnswer, sharedKey } from "../../../src/dns/shared-answers.ts";
import type { Answer, RecordType } from "../../../src/rr/answer.ts";

const records: readonly (readonly [RecordType, Extract<Answer, { status: "found" }>["records"]])[] = [
  ["TXT", [["v=DKIM1; p=", "\u00e9\u0000\u00ff"], [""]]],
  ["A", ["192.0.2.1", "192.0.2.2"]],
  ["AAAA", ["2001:db8::1"]],
  [
    "MX",
    [
      { preference: 10, exchange: "mx.example.com" },
      { preference: 0, exchange: "" },
    ],
  ],
  ["CNAME", ["host.example.com"]],
  ["PTR", ["host.example.com"]],
  ["NS", ["ns.example.com"]],
  ["SOA", ["ns.example.com hostmaster.example.com 1 7200 900 1209600 300"]],
];

for (const [type, list] of records) {
  test(`${type} records come back as they were, with the TTL that is left`, () => {
    const octets = encodeAnswer({ status: "found", records: list, ttlSeconds: 300, secure: false });
    assert.deepEqual(decodeAnswer(octets, type, 120), {
      status: "found",
      records: list,
      ttlSeconds: 120,
      secure: false,
    });
  });
}

test("that there is nothing comes back, too; the AD bit does not", () => {
  for (const status of ["nxdomain", "nodata"] as const) {
    const octets = encodeAnswer({ status, ttlSeconds: 60, secure: true });
    assert.deepEqual(decodeAnswer(octets, "TXT", 7), { status, ttlSeconds: 7, secure: false });
  }
});

const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
for (const [type, text] of [
  ["TXT", ""],
  ["TXT", "nodata"],
  ["TXT", '"trouble"'],
  ["TXT", "null"],
  ["TXT", "{}"],
  ["TXT", "[]"],
  ["TXT", "[[]]"],
  ["TXT", '["v=DKIM1"]'],
  ["TXT", "[[1]]"],
  ["TXT", '[["\u0100"]]'],
  ["TXT", `[["${"x".repeat(256)}"]]`],
  ["TXT", '[["ok"], null]'],
  ["TXT", deep],
  ["A", '["2001:db8::1"]'],
  ["A", '[["192.0.2.1"]]'],
  ["AAAA", '["192.0.2.1"]'],
  ["MX", '["mx.example"]'],
  ["MX", '[{ "preference": 1.5, "exchange": "mx.example" }]'],
  ["MX", '[{ "preference": 70000, "exchange": "mx.example" }]'],
  ["MX", '[{ "preference": 1 }]'],
  ["PTR", '["a b"]'],
  ["SOA", "[1]"],
] as const) {
  test(`${text.slice(0, 60) || "nothing"} is no answer for ${type}`, () => {
    assert.equal(decodeAnswer(Buffer.from(text), type, 60), undefined);
  });
}

test("any octets are an answer or none, and never throw", () => {
  const types = records.map(([type]) => type);
  const json = fc.json().map((text) => Buffer.from(text));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), json), fc.constantFrom(...types), (octets, type) => {
      const answer = decodeAnswer(octets, type, 1);
      assert.ok(answer === undefined || answer.status !== "trouble");
    }),
  );
});

test("a key names the version, the type and the name", () => {
  assert.equal(sharedKey("s._domainkey.example.com", "TXT"), "dns:1:TXT:s._domainkey.example.com");
});

test("trouble is not shared; everything else for as long as it lasts", () => {
  const set: [string, string, number][] = [];
  const shared = createSharedAnswers({
    get: () => undefined,
    set: (key, octets, ttlMs) => set.push([key, Buffer.from(octets).toString(), ttlMs]),
  });
  shared.keep("a.example", "A", { status: "trouble", trouble: "servfail" });
  shared.keep("b.example", "A", { status: "nxdomain", ttlSeconds: 60, secure: true });
  shared.keep("c.example", "A", { status: "found", records: ["192.0.2.1"], ttlSeconds: 300, secure: false });
  assert.deepEqual(set, [
    ["dns:1:A:b.example", '"nxdomain"', 60_000],
    ["dns:1:A:c.example", '["192.0.2.1"]', 300_000],
  ]);
});
