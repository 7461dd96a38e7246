import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isPong,
  maxHeaderOctets,
  maxHeadOctets,
  parseSpamStatus,
  readSpamdReply,
  requestHead,
} from "../../../src/scanners/spamd-protocol.ts";

/** As spamd 4.0 answers to HEADERS. */
function reply(spam: string, header: string): Buffer {
  return Buffer.from(`SPAMD/1.1 0 EX_OK\r\nContent-length: ${header.length}\r\nSpam: ${spam}\r\n\r\n${header}`);
}

const status =
  "X-Spam-Status: Yes, score=1000.0 required=5.0 tests=GTUBE,NO_RECEIVED,\r\n\tNO_RELAYS autolearn=no autolearn_force=no version=4.0.1\r\n";
const header = `X-Spam-Flag: YES\r\n${status}From: a@example.com\r\nX-Spam-Status: No, score=-100 tests=FORGED\r\n\r\n`;
const whole = reply("True ; 1000.0 / 5.0", header);
const gtube = {
  score: 1000,
  required: 5,
  tests: [{ name: "GTUBE" }, { name: "NO_RECEIVED" }, { name: "NO_RELAYS" }],
  autolearn: "no",
};

test("asks for headers with the length of what follows, and whose rules hold", () => {
  assert.equal(requestHead(123, undefined).toString(), "HEADERS SPAMC/1.5\r\nContent-length: 123\r\n\r\n");
  assert.equal(requestHead(0, "amavis").toString(), "HEADERS SPAMC/1.5\r\nContent-length: 0\r\nUser: amavis\r\n\r\n");
  assert.match(requestHead(0, "a\r\nContent-length: 1").toString(), /User: a\?\?Content-length: 1\r\n\r\n$/);
});

test("score, limit, tests and what was learned, from the topmost field", () => {
  assert.deepEqual(readSpamdReply(whole, false), gtube);
  assert.deepEqual(readSpamdReply(whole, true), gtube);
  const ham = reply("False ; -0.1 / 6.3", "X-Spam-Status: No, score=-0.1 required=6.3 tests=none\r\n\r\n");
  assert.deepEqual(readSpamdReply(ham, false), { score: -0.1, required: 6.3, tests: [] });
});

test("however it comes in pieces, nothing is said before all is there", () => {
  for (let length = 0; length < whole.length; length += 1)
    assert.equal(readSpamdReply(whole.subarray(0, length), false), "more", `after ${length} octets`);
});

test("an end too early is a failure, wherever it lies", () => {
  for (let length = 0; length < whole.length; length += 1) {
    const outcome = readSpamdReply(whole.subarray(0, length), true);
    assert.ok(typeof outcome === "object" && "trouble" in outcome, `after ${length} octets`);
  }
});

test("a header section without end: what counts stands on top", () => {
  const head = "SPAMD/1.1 0 EX_OK\r\nContent-length: 99999999\r\nSpam: True ; 7.5 / 5.0\r\n\r\n";
  const endless = Buffer.from(`${head}${status}${"X-Long: y\r\n".repeat(10_000)}`);
  assert.ok(endless.length > maxHeaderOctets + head.length);
  assert.deepEqual(readSpamdReply(endless, false), { ...gtube, score: 7.5 });
});

test("what is no answer has a reason", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["SPAMD/1.0 76 Bad header line: (Content-length contains non-numeric bytes)\r\n", "refused"],
    ["SPAMD/1.5 79 Timeout: 300 seconds\r\n", "refused"],
    ["SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n", "garbage"],
    ["SPAMD/1.1 0 EX_OK\r\nSpam: True ; nan / 5.0\r\n\r\n", "garbage"],
    ["SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1e9 / 5.0\r\n\r\n", "garbage"],
    ["SPAMD/1.1 0 PONG\r\nSpam: True ; 7.0 / 5.0\r\n\r\n", "garbage"],
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "garbage"],
    ["220 mail.example.com ESMTP\r\n", "garbage"],
    ["", "closed"],
  ];
  for (const [text, trouble] of cases) {
    const outcome = readSpamdReply(Buffer.from(text), true);
    assert.ok(typeof outcome === "object" && "trouble" in outcome && outcome.trouble === trouble, text);
  }
  const long = readSpamdReply(Buffer.alloc(maxHeadOctets + 1, "x"), false);
  assert.ok(typeof long === "object" && "trouble" in long && long.trouble === "garbage");
});

test("tests with scores, by whatever separator the template has", () => {
  const scored = [
    { name: "A_1", score: 0.1 },
    { name: "B", score: -2.3 },
  ];
  for (const text of [
    "No, score=1 required=5 tests=A_1=0.1,B=-2.3 autolearn=ham",
    "No, score=1 required=5 tests=A_1=0.1 B=-2.3 autolearn=ham version=4.0.1",
    "No, score=1 tagged_above=-999 required=5 tests=[A_1=0.1, B=-2.3] autolearn=ham autolearn_force=no",
    "No, tests=A_1=0.1,\r\n\tB=-2.3\r\n\tautolearn=ham",
  ])
    assert.deepEqual(parseSpamStatus(text), { tests: scored, autolearn: "ham" }, text);
});

test("what does not look like tests is none", () => {
  for (const text of ["", "Yes", "No, score=1", "tests=", "tests=none", "nottests=A"])
    assert.deepEqual(parseSpamStatus(text), { tests: [] }, text);
  assert.deepEqual(parseSpamStatus("tests=A,B=1=2,C"), { tests: [{ name: "A" }] });
});

test("as many tests as there is room for", () => {
  assert.equal(parseSpamStatus(`tests=${"A,".repeat(10_000)}`).tests.length, 500);
});

test("knows its answer to a ping", () => {
  assert.ok(isPong("SPAMD/1.5 0 PONG\r\n"));
  assert.ok(!isPong("SPAMD/1.5 76 Bad\r\n"));
});
