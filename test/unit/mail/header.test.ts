import assert from "node:assert/strict";
import { test } from "node:test";
import { cutReason, isUnread, splitHeader } from "../../../src/mail/header.ts";

function split(...lines: readonly string[]) {
  const { fields, cut } = splitHeader(Buffer.from(lines.map((line) => `${line}\r\n`).join(""), "latin1"));
  return { names: fields.map(({ name }) => name).join(" "), cut };
}

test("a header is cut into fields, folded lines with them", () => {
  assert.deepEqual(split("From: a", "Subject : b", " c", "\td", "To:"), { names: "from subject to", cut: undefined });
});

const noFields: Readonly<Record<string, readonly string[]>> = {
  "a line of text": ["From: a", "Pay now", "Subject: b"],
  "text on top": ["Pay now", "From: a"],
  "a colon alone": [": x", "From: a"],
  "a blank before the colon and more": ["Pay now: please", "From: a"],
  "a folded line on top": [" x", "From: a"],
  "a name with eight bits": ["Subj\xe9: x"],
  "a name with a control octet": ["Subject\v: x"],
  "a name that is folded before its colon": ["Subject", " : x"],
  "an mbox line that is not on top": ["X: y", "From joe@x.example Mon Jan  1 00:00:00 2026"],
  "a folded mbox line": ["From joe@x.example Mon Jan", " 1 00:00:00 2026"],
  "a blank before an mbox line": [" From joe@x.example Mon Jan"],
};

for (const [title, lines] of Object.entries(noFields)) {
  test(`a line without a field name is said, and all of the header is there: ${title}`, () => {
    const { names, cut } = split(...lines, "Last: z");
    assert.equal(cut, "no-field-name");
    assert.match(names, /last$/);
  });
}

test("mbox lines on top are no cut, for Postfix makes fields of them", () => {
  for (const lines of [["From a b"], [">From a b"], ["From a b", ">>From c"]]) {
    assert.equal(split(...lines, "Subject: x").cut, undefined);
  }
});

test("a limit is said before all else: of what was not read nobody knows", () => {
  const header = Buffer.from("Pay now\r\nX: 1\r\nX: 2\r\n");
  const limits = { maxBytes: 100, maxFields: 100, maxLines: 100 };
  for (const [change, wanted] of [
    [{ maxBytes: 10 }, "bytes"],
    [{ maxFields: 2 }, "fields"],
    [{ maxLines: 2 }, "lines"],
  ] as const) {
    const { cut } = splitHeader(header, { ...limits, ...change });
    assert.equal(cut, wanted);
    assert.equal(isUnread(cut), true);
    assert.equal(cutReason(cut ?? "bytes"), "header-too-large");
  }
  const { cut } = splitHeader(header, limits);
  assert.equal(isUnread(cut), false);
  assert.equal(cutReason(cut ?? "bytes"), "no-field-name");
});
