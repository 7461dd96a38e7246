import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leaving } from "../../../../src/flow/mail.ts";
import { createSurvive, survivalMode } from "../../../../src/flow/stages/survive.ts";
import { print } from "../../../../src/mail/edit.ts";
import { splitHeader } from "../../../../src/mail/header.ts";
import type { Message } from "../../../../src/mail/message.ts";
import { makeSurvive } from "../../../../src/mime/survival.ts";
import { bankWith, hop, judged, transactionOf } from "../mails.ts";

const long = `References: ${"<a@b.example> ".repeat(100)}<end@b.example>\r\n`;
const head = `Subject: hello\r\n${long}Content-Transfer-Encoding: 8bit\r\n`;

function messageOf(header: string, body: string): Message {
  const octets = Buffer.from(header, "latin1");
  const content = Buffer.from(body, "latin1");
  return {
    header: octets,
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: content.length, chunks: [content] },
    ...splitHeader(octets),
  };
}

const received: Leaving = {
  recipients: [0],
  edits: { add: ["Received: by us\r\n"], remove: [], replace: [] },
  nextHops: [hop],
};

interface Scene {
  readonly message?: Message;
  readonly survival?: "off" | "check" | "fix" | null;
  readonly signs?: boolean;
  readonly parameters?: string;
  readonly leaving?: readonly Leaving[];
  readonly broken?: boolean;
}

async function run({ message = messageOf(head, "\xfc\r\n"), survival = "fix", signs = true, ...more }: Scene = {}) {
  const { parameters = "", leaving = [received], broken = false } = more;
  const survive = createSurvive({
    async makeSurvive({ fields }, { chunks }) {
      if (broken) throw new Error("the thread died");
      return makeSurvive(fields, Buffer.concat(chunks));
    },
  });
  const transaction = { ...transactionOf({ sender: `a@b.example ${parameters}`.trim() }), message };
  const mail = judged({}, { transaction, bank: bankWith({ survival, originating: true }) });
  const found = await survive(mail, leaving, signs);
  const [first] = found.leaving;
  assert.ok(first !== undefined);
  const printed = print(message, first.edits, "own");
  const body = printed.body.kind === "memory" ? Buffer.concat(printed.body.chunks).toString("latin1") : "";
  return {
    text: `${Buffer.from(printed.header).toString("latin1")}\r\n${body}`,
    survival: found.survival,
    unchanged: found.leaving === leaving,
  };
}

test("writes what would break anew, below our own fields", async () => {
  const { text, survival } = await run();
  assert.match(
    text,
    /^Received: by us\r\nMIME-Version: 1\.0\r\nContent-Type: text\/plain; charset=unknown-8bit\r\nSubject: hello\r\nReferences: /,
  );
  assert.match(text, /Content-Transfer-Encoding: base64\r\n\r\n\/A0K\r\n$/);
  assert.ok(text.split("\r\n").every((line) => line.length <= 998));
  assert.deepEqual(survival, {
    result: "fixed",
    places: [
      { at: "references", what: "long-line" },
      { at: "1", what: "8-bit" },
    ],
  });
});

test("check says what would break, and changes nothing", async () => {
  const { unchanged, survival } = await run({ survival: "check", signs: false });
  assert.equal(unchanged, true);
  assert.equal(survival?.result, "checked");
  assert.equal(survival?.places.length, 2);
});

for (const [what, scene] of [
  ["where it is off", { survival: "off" }],
  ["that nobody signs", { signs: false }],
  ["that needs SMTPUTF8", { parameters: "BODY=8BITMIME SMTPUTF8" }],
  ["that passes as it is", { message: messageOf("Subject: x\r\n", "hello\r\n") }],
  ["whose header was not read to its end", { message: { ...messageOf(head, "\xfc"), cut: "bytes" } }],
] as const) {
  test(`leaves mail alone ${what}`, async () => {
    const { unchanged, survival } = await run(scene);
    assert.deepEqual([unchanged, survival], [true, undefined]);
  });
}

test("what cannot be mended is told, and the mail leaves as it came", async () => {
  const body = {
    kind: "spool",
    sizeBytes: 3,
    async *read() {
      yield Buffer.from("\xfc\r\n", "latin1");
    },
  } as const;
  const large = await run({ message: { ...messageOf(head, ""), body } });
  assert.deepEqual(large.survival?.places, [
    { at: "references", what: "long-line" },
    { at: "1", what: "8-bit", left: "too-large" },
  ]);
  assert.ok(
    large.text.split("\r\n").every((line) => line.length <= 998),
    "its header is mended all the same",
  );
  const dead = await run({ broken: true });
  assert.deepEqual(dead.survival?.places, [{ at: "1", what: "8-bit", left: "failed" }]);
  const wrap = { heading: "", before: "", after: "" };
  const wrapped = await run({ leaving: [{ ...received, edits: { ...received.edits, wrap } }] });
  assert.deepEqual(wrapped.survival?.places, [{ at: "1", what: "8-bit", left: "wrapped" }]);
});

test("a field that another edit is about keeps that edit", async () => {
  const start = head.indexOf("References");
  const edits = { ...received.edits, remove: [{ start, end: start + long.length }] };
  const { text } = await run({ leaving: [{ ...received, edits }] });
  assert.doesNotMatch(text, /References/);
});

test("is on by default for mail of ours where 8BITMIME is hidden for it", () => {
  const of = (survival: null | "check", originating: boolean, hidden: readonly string[]) =>
    survivalMode({ survival, originating, smtpd_discard_ehlo_keywords: hidden });
  assert.equal(of(null, true, ["8BITMIME"]), "fix");
  assert.equal(of(null, true, []), "off");
  assert.equal(of(null, false, ["8BITMIME"]), "off");
  assert.equal(of("check", true, ["8BITMIME"]), "check");
});
