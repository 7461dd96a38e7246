import assert from "node:assert/strict";
import { test } from "node:test";
import { peekSpfAnswers } from "../../../src/checks/spf-answers.ts";
import type { Answer, RecordData, RecordType } from "../../../src/rr/answer.ts";
import { type Peek, resolveKnown } from "../../../src/rr/known-answers.ts";

type Cache = { readonly [T in RecordType]?: Readonly<Record<string, readonly RecordData[T][]>> };

function peekInto(cache: Cache): Peek {
  return (name, type) => {
    const records = cache[type]?.[name];
    return records === undefined ? undefined : { status: "found", records, ttlSeconds: 1, secure: false };
  };
}

const peek = peekInto({
  TXT: {
    "example.com": [
      ["other"],
      ["v=spf1 a a:Web.example.com/24 mx include:Spf.example.net ", "include:%{i}.x include:unknown.example ~all"],
    ],
    "spf.example.net": [["v=spf1 -mx:relay.example.net redirect=end.example.net"]],
    "end.example.net": [["v=spf1 include:example.com -all"]],
  },
  A: { "example.com": ["192.0.2.1"], "web.example.com": ["192.0.2.2"], "m.example.com": ["192.0.2.3"] },
  AAAA: { "m.example.com": ["2001:db8::3"] },
  MX: { "example.com": [{ preference: 10, exchange: "m.example.com" }], "relay.example.net": [] },
});

test("what the cache holds for a domain, its includes and hosts is gathered once each", () => {
  const names = (address: string) =>
    peekSpfAnswers("example.com", address, peek).map(({ name, type }) => `${type} ${name}`);
  const common = ["TXT spf.example.net", "MX relay.example.net", "TXT end.example.net"];
  assert.deepEqual(names("192.0.2.9"), [
    "TXT example.com",
    "A example.com",
    "A web.example.com",
    "MX example.com",
    "A m.example.com",
    ...common,
  ]);
  assert.deepEqual(names("2001:db8::9"), ["TXT example.com", "MX example.com", "AAAA m.example.com", ...common]);
});

test("a record that names two hundred hosts gives sixteen answers at most", () => {
  const record = [`v=spf1 ${Array.from({ length: 200 }, (_, i) => `a:n${i}.example`).join(" ")}`];
  const hosts = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`n${i}.example`, ["192.0.2.1"]]));
  assert.equal(
    peekSpfAnswers("x.example", "192.0.2.9", peekInto({ TXT: { "x.example": [record] }, A: hosts })).length,
    16,
  );
});

test("an empty cache gives nothing", () => {
  assert.deepEqual(
    peekSpfAnswers("example.com", "192.0.2.9", () => undefined),
    [],
  );
});

test("known answers are taken, others asked for", async () => {
  const answer: Answer = { status: "found", records: ["192.0.2.1"], ttlSeconds: 1, secure: false };
  const asked: string[] = [];
  const resolve = resolveKnown([{ name: "a.example", type: "A", answer }], async (name, type) => {
    asked.push(`${type} ${name}`);
    return { status: "nodata", ttlSeconds: 1, secure: false };
  });
  assert.deepEqual(await resolve("A.example", "A"), answer);
  assert.equal((await resolve("a.example", "AAAA")).status, "nodata");
  assert.equal((await resolve("b.example", "A")).status, "nodata");
  assert.deepEqual(asked, ["AAAA a.example", "A b.example"]);
});
