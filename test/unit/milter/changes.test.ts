import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveOutClaims } from "../../../src/authres/remove.ts";
import { noEdits } from "../../../src/mail/edit.ts";
import { defaultHeaderLimits, splitHeader } from "../../../src/mail/header.ts";
import type { MessageHead } from "../../../src/mail/message.ts";
import { answerTo, type MilterVerdict, missingFor } from "../../../src/milter/changes.ts";
import { type Agreed, negotiate } from "../../../src/milter/negotiate.ts";
import { PacketReader } from "../../../src/milter/packet.ts";

function agreedOn(actions = 0x1ff, steps = 0x1fffff): Agreed {
  const data = Buffer.alloc(12);
  data.writeUInt32BE(6, 0);
  data.writeUInt32BE(actions, 4);
  data.writeUInt32BE(steps, 8);
  const agreed = negotiate(data);
  assert.ok(agreed);
  return agreed;
}

const ok: MilterVerdict = {
  reply: { code: 250, enhanced: "2.0.0", text: "Ok" },
  edits: noEdits,
  discarded: false,
  removedRecipients: [],
  addedRecipients: [],
};
const header = "A: 1\r\nB: 2\r\n\tmore\r\na: 3\r\nC: 4\r\nA: 5\r\n";
const head = headOf(header);
const range = (text: string) => ({ start: header.indexOf(text), end: header.indexOf(text) + text.length });

function headOf(text: string, limits = defaultHeaderLimits): MessageHead {
  const octets = Buffer.from(text, "latin1");
  return { header: octets, ...splitHeader(octets, limits) };
}

/** "m2 A=": each packet's command, its number where it has one, and its strings. */
function words(verdict: Partial<MilterVerdict>, agreed = agreedOn(), of = head): readonly string[] {
  const seen: string[] = [];
  new PacketReader().feed(Buffer.concat(answerTo({ ...ok, ...verdict }, of, agreed)), ({ command, data }) => {
    const numbered = command === "m" || command === "i";
    const text = (numbered ? data.subarray(4) : data).toString("latin1").replace(/\0$/, "").replace("\0", "=");
    seen.push(`${command}${numbered ? data.readUInt32BE(0) : ""}${text === "" ? "" : ` ${text}`}`);
    return true;
  });
  return seen;
}

test("a mail that needs nothing gets the last word alone", () => assert.deepEqual(words({}), ["c"]));

test("mail to be held goes on with its changes, and with the reason", () => {
  const edits = { ...noEdits, add: ["X: 1\r\n"] };
  assert.deepEqual(words({ edits, hold: "SPAM, id=4711-01" }), ["i0 X= 1", "q SPAM, id=4711-01", "c"]);
  assert.deepEqual(words({ hold: "SPAM", reply: { code: 451, enhanced: "4.3.0", text: "no" } }), ["y 451 4.3.0 no"]);
  assert.deepEqual(missingFor({ ...ok, hold: "SPAM" }, agreedOn(0x1f)), ["quarantine"]);
});

test("fields are put on top one by one, the topmost last", () => {
  const edits = { ...noEdits, add: ["X: 1\r\n", "Y: 2\r\n\tfolded\r\n"] };
  assert.deepEqual(words({ edits }), ["i0 Y= 2\n\tfolded", "i0 X= 1", "c"]);
  assert.deepEqual(words({ edits }, agreedOn(0x1ff, 0)), ["i0 Y=2\n\tfolded", "i0 X=1", "c"]);
});

test("fields with names that are none to us are counted by what the MTA calls them", () => {
  const odd = "B\x0b: 1\r\nA\x0b: 2\r\nb\x0b: 3\r\nA: 4\r\n";
  const start = odd.indexOf("A\x0b");
  const edits = { ...noEdits, remove: [{ start, end: odd.indexOf("A: ") }] };
  assert.deepEqual(words({ edits }, agreedOn(), headOf(odd)), ["m2 b\x0b=", "m1 A\x0b=", "c"]);
});

test("fields are named by which of their name they are, and changed from the bottom up", () => {
  const edits = {
    add: [],
    remove: [range("A: 1\r\n"), range("a: 3\r\nC: 4\r\n")],
    replace: [{ ...range("A: 5\r\n"), octets: Buffer.from("A: six\r\n") }],
  };
  assert.deepEqual(words({ edits }), ["m3 A= six", "m1 C=", "m2 a=", "m1 A=", "c"]);
});

test("an MTA that writes the blank after the colon gets values without it, of changed fields too", () => {
  const edits = { ...noEdits, replace: [{ ...range("C: 4\r\n"), octets: Buffer.from("C: four\r\n\tor\r\n") }] };
  assert.deepEqual(words({ edits }, agreedOn(0x1ff, 0)), ["m1 C=four\n\tor", "c"]);
  assert.deepEqual(words({ edits }), ["m1 C= four\n\tor", "c"]);
});

test("fields beyond the limits of a header are taken out, and counted", () => {
  const edits = { ...noEdits, remove: [range("a: 3\r\n"), range("A: 5\r\n")] };
  for (const limit of [{ maxFields: 1 }, { maxBytes: 8 }, { maxLines: 2 }]) {
    const cut = headOf(header, { ...defaultHeaderLimits, ...limit });
    assert.deepEqual(words({ edits }, agreedOn(), cut), ["m3 A=", "m2 a=", "c"]);
  }
});

test("thousands of claims apart from each other, the last of which are left out as one piece, go one by one", () => {
  const claim = "Authentication-Results: mail.example.com; dkim=pass\r\n";
  const other = "Authentication-Results: other.example; dkim=pass\r\n";
  const many = `${`${claim}X: 1\r\n`.repeat(400)}${other}${`${claim}Y: 1\r\n`.repeat(599)}${`${claim}Z: 1\r\n`.repeat(3)}`;
  const edits = { ...noEdits, ...leaveOutClaims(Buffer.from(many), ["mail.example.com"]) };
  assert.equal(edits.replace.length, 1);
  const removed = words({ edits }, agreedOn(), headOf(many)).slice(0, -1);
  const expected = Array.from({ length: 1003 }, (_, place) => place + 1).filter((nth) => nth !== 401);
  assert.deepEqual(
    removed,
    expected.reverse().map((nth) => `m${nth} Authentication-Results=`),
  );
});

test("recipients are taken out and put in", () => {
  assert.deepEqual(words({ removedRecipients: ["a@b"], addedRecipients: ["a+spam@b"] }), [
    "- <a@b>",
    "+ <a+spam@b>",
    "c",
  ]);
});

test("a mail for nobody is discarded, without changes", () => {
  assert.deepEqual(words({ discarded: true, removedRecipients: ["a@b"] }), ["d"]);
});

test("a refusal is a reply code; a percent sign is doubled, as MTAs halve it", () => {
  const reply = { code: 550, enhanced: "5.7.1", text: "100% no" };
  assert.deepEqual(words({ reply, edits: { ...noEdits, add: ["X: 1\r\n"] } }), ["y 550 5.7.1 100%% no"]);
});

test("what the MTA does not grant is missing where it is needed, and only there", () => {
  const edits = { add: ["X: 1\r\n"], remove: [range("A: 1\r\n")], replace: [] };
  assert.deepEqual(missingFor({ ...ok, edits, removedRecipients: ["a@b"] }, agreedOn(0x01)), [
    "changeHeaders",
    "removeRecipients",
  ]);
  assert.deepEqual(missingFor(ok, agreedOn(0)), []);
});

test("a body in the place of the one that came goes in pieces, and needs the right to it", () => {
  const text = "x".repeat(70_000);
  const body = { kind: "memory", sizeBytes: 70_000, chunks: [Buffer.from(text)] } as const;
  const packets = words({ edits: { ...noEdits, body } });
  assert.deepEqual(packets, [`b ${text.slice(0, 65_535)}`, `b ${text.slice(65_535)}`, "c"]);
  assert.deepEqual(missingFor({ ...ok, edits: { ...noEdits, body } }, agreedOn(0x1fd)), ["changeBody"]);
});
