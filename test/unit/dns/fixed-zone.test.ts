import assert from "node:assert/strict";
import { test } from "node:test";
import { createFixedResolver, parseFixedZone } from "../../../src/dns/fixed-zone.ts";

const resolve = createFixedResolver(
  parseFixedZone({
    "A._domainkey.Example.com.": { TXT: [["v=DKIM1; ", "p=abc"], ["second"]] },
    "plain.example.com": { TXT: ["one string"], A: "192.0.2.1", MX: [[10, "mx.example.com"]] },
    "alias.example.com": { CNAME: ["plain.example.com"] },
    "circle.example.com": { CNAME: ["circle.example.com"] },
    "gone.example.com": { rcode: "NXDOMAIN" },
    "empty.example.com": { rcode: "NOERROR" },
    "servfail.example.com": { rcode: "SERVFAIL" },
    "timeout.example.com": { rcode: "TIMEOUT" },
    "partly.example.com": { rcode: "TIMEOUT", A: ["192.0.2.2"] },
  }),
);

test("listed records are found, whatever the case of the name", async () => {
  const answer = await resolve("a._DOMAINKEY.example.com", "TXT");
  assert.deepEqual(answer.status === "found" && answer.records, [["v=DKIM1; ", "p=abc"], ["second"]]);
  const text = await resolve("plain.example.com", "TXT");
  assert.deepEqual(text.status === "found" && text.records, [["one string"]]);
  const mx = await resolve("alias.example.com", "MX");
  assert.deepEqual(mx.status === "found" && mx.records, [{ preference: 10, exchange: "mx.example.com" }]);
});

test("what is not there is told as the DNS would", async () => {
  const cases = [
    ["plain.example.com", "AAAA", "nodata"],
    ["missing.example.com", "A", "nxdomain"],
    ["_domainkey.example.com", "A", "nodata"],
    ["example.com", "A", "nodata"],
    ["gone.example.com", "TXT", "nxdomain"],
    ["empty.example.com", "TXT", "nodata"],
    ["partly.example.com", "A", "found"],
  ] as const;
  for (const [name, type, status] of cases) assert.equal((await resolve(name, type)).status, status, `${name} ${type}`);
  assert.deepEqual(await resolve("servfail.example.com", "A"), { status: "trouble", trouble: "servfail" });
  assert.deepEqual(await resolve("timeout.example.com", "A"), { status: "trouble", trouble: "timeout" });
  assert.deepEqual(await resolve("partly.example.com", "TXT"), { status: "trouble", trouble: "timeout" });
  assert.deepEqual(await resolve("circle.example.com", "A"), { status: "trouble", trouble: "malformed" });
});

test("a zone of another form is refused with the place", () => {
  const cases: [unknown, RegExp][] = [
    [[], /the zone: expected a mapping/],
    [{ "a.example": 1 }, /a\.example: expected a mapping/],
    [{ "a.example": { SRV: [] } }, /expected a record type or "rcode", found "SRV"/],
    [{ "a.example": { TXT: [1] } }, /a\.example TXT/],
    [{ "a.example": { MX: ["mx.example"] } }, /a\.example MX/],
    [{ "a.example": { rcode: "NOPE" } }, /a\.example rcode: expected NOERROR/],
  ];
  for (const [json, message] of cases) assert.throws(() => parseFixedZone(json), message);
});
