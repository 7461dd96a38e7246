import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../src/authres/finding.ts";
import { readRspamdAnswer, requestFields } from "../../../src/scanners/rspamd-protocol.ts";
import { dkimPass, spamQuestion, spfPass, verified } from "../../support/spam-question.ts";

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function pairs(fields: readonly string[]): (readonly [string, string])[] {
  return fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? ""] as const] : []));
}

/** The fields by which results are told, of these findings. */
function told(...findings: readonly Finding[]): Readonly<Record<string, unknown>> {
  const fields = pairs(requestFields(spamQuestion({ verified: verified(...findings) })));
  return Object.fromEntries(
    fields
      .filter(([name]) => ["DKIM", "SPF", "DMARC"].includes(name))
      .map(([name, value]) => [name, JSON.parse(value)]),
  );
}

test("envelope and client stand in fields of the request, each recipient in one", () => {
  assert.deepEqual(pairs(requestFields(spamQuestion())), [
    ["From", "a@example.com"],
    ["Rcpt", "b@example.net"],
    ["Rcpt", "c@example.net"],
    ["IP", "192.0.2.7"],
    ["Helo", "helo.example.com"],
    ["Hostname", "client.example.com"],
    ["Queue-Id", "12345-06"],
  ]);
});

test("what is not known has no field, and no value leaves its own", () => {
  const envelope = { sender: { address: "", parameters: "" }, recipients: [{ address: "a\r\nX: 1", parameters: "" }] };
  assert.deepEqual(pairs(requestFields(spamQuestion({ envelope, client: {} }))), [
    ["From", "<>"],
    ["Rcpt", "a??X: 1"],
    ["Queue-Id", "12345-06"],
  ]);
});

test("what was verified is told in the words of rspamd's http_headers", () => {
  assert.deepEqual(told(), {});
  assert.deepEqual(told(dkimPass, spfPass), {
    DKIM: { results: [{ result: "pass", domain: "example.com" }] },
    SPF: { result: "pass" },
  });
  const none: Finding = { method: "dkim", result: "none", properties: [] };
  assert.deepEqual(told(none), { DKIM: { results: [{ result: "na", domain: "unknown" }] } });
  const wild: Finding = { ...dkimPass, properties: [{ type: "header", name: "d", value: 'x$y"' }] };
  assert.deepEqual(told(wild), { DKIM: { results: [{ result: "pass", domain: "unknown" }] } });
});

test("DMARC by what the domain asks for", () => {
  const dmarc = (result: Finding["result"], policy?: string): Finding => ({
    method: "dmarc",
    result,
    properties: policy === undefined ? [] : [{ type: "policy", name: "dmarc", value: policy }],
  });
  assert.deepEqual(told(dmarc("pass")), { DMARC: { result: "pass" } });
  assert.deepEqual(told(dmarc("fail", "reject")), { DMARC: { result: "reject" } });
  assert.deepEqual(told(dmarc("fail", "quarantine")), { DMARC: { result: "quarantine" } });
  assert.deepEqual(told(dmarc("fail", "none")), { DMARC: { result: "softfail" } });
  assert.deepEqual(told(dmarc("temperror")), { DMARC: { result: "tempfail" } });
});

test("an SPF lookup that failed is not told: rspamd may have more luck", () => {
  assert.deepEqual(told({ method: "spf", result: "temperror", properties: [] }), {});
});

test("score, limit, action and symbols", () => {
  const answer = {
    score: 6.5,
    required_score: 15,
    action: "add header",
    symbols: { A: { name: "A", score: 7 }, "B=C,D": { score: -0.5 }, E: {} },
  };
  assert.deepEqual(readRspamdAnswer(200, json(answer)), {
    score: 6.5,
    required: 15,
    action: "add header",
    tests: [{ name: "A", score: 7 }, { name: "B_C_D", score: -0.5 }, { name: "E" }],
  });
  assert.deepEqual(readRspamdAnswer(200, json({ score: 0, required_score: 15 })), {
    score: 0,
    required: 15,
    tests: [],
  });
  for (const none of [{}, { required_score: null }]) {
    assert.deepEqual(readRspamdAnswer(200, json({ score: 1.5, ...none })), {
      score: 1.5,
      required: Number.POSITIVE_INFINITY,
      tests: [],
    });
  }
});

test("what is no answer has a reason", () => {
  const cases: readonly (readonly [number, Buffer, string])[] = [
    [200, Buffer.from(""), "garbage"],
    [200, Buffer.from("{"), "garbage"],
    [200, Buffer.from("pong\r\n"), "garbage"],
    [200, json([]), "garbage"],
    [200, json({ score: "6", required_score: 15 }), "garbage"],
    [200, json({ score: null, required_score: 15 }), "garbage"],
    [200, json({ score: 1, required_score: "15" }), "garbage"],
    [200, Buffer.from('{"score":1e999}'), "garbage"],
    [200, Buffer.from('{"score":1,"required_score":-1e999}'), "garbage"],
    [404, json({}), "refused"],
    [500, json({ error: "Cannot\r\nparse" }), "refused"],
  ];
  for (const [status, body, trouble] of cases) {
    const outcome = readRspamdAnswer(status, body);
    assert.ok("trouble" in outcome && outcome.trouble === trouble && !/[\r\n]/.test(outcome.detail), String(body));
  }
});

test("as many symbols as there is room for", () => {
  const symbols = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`S${index}`, { score: 0 }]));
  const outcome = readRspamdAnswer(200, json({ score: 0, required_score: 15, symbols }));
  assert.ok("tests" in outcome && outcome.tests.length === 500);
});
