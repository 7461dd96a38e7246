import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settled } from "../../../../src/flow/mail.ts";
import { noticeFacts } from "../../../../src/flow/notices/notice-facts.ts";
import { ownWord } from "../../../../src/flow/settle.ts";
import { type ContentFound, refused } from "../../../../src/policy/decision.ts";
import { judged, ok, said } from "../mails.ts";

const nothing: ContentFound = { all: [], viruses: [], headerFaults: [] };
const discarded: Settled = {
  ...ownWord(refused("virus", "discard", { code: 250, enhanced: "2.7.0", text: "Ok, discarded" })),
  quarantine: ["t/virus-1"],
};

test("tells what was found for these recipients, each thing once, and what became of the mail", () => {
  const recipients = ["a@x", "b@x", "c@x"];
  const text = "From: joe@there.example\r\nReceived: from x ([198.51.100.7])\r\n\r\nhello\r\n";
  const settled: readonly Settled[] = [
    { ...discarded, content: { ...nothing, viruses: ["Eicar", "Other"], banned: { names: [".exe,x.exe"], key: "x" } } },
    { ...discarded, content: { ...nothing, viruses: ["Eicar"], headerFaults: ["Duplicate"] } },
    { ...said(ok), content: { ...nothing, viruses: ["Elsewhere"] } },
  ];
  const mail = judged({ recipients, text, client: { address: "192.0.2.3", name: "mta.there.example" } });
  const facts = noticeFacts(mail, settled, { category: "CC_VIRUS", recipients: [0, 1], nowMs: 5 });
  assert.deepEqual(facts.viruses, ["Eicar", "Other"]);
  assert.deepEqual(facts.banned, [".exe,x.exe"]);
  assert.deepEqual(facts.headerFaults, ["Duplicate"]);
  assert.deepEqual(facts.quarantine, ["t/virus-1"]);
  assert.deepEqual(
    facts.blocked.map(({ address }) => address),
    ["a@x", "b@x"],
  );
  assert.deepEqual(facts.delivered, []);
  assert.equal(facts.category, "INFECTED");
  assert.deepEqual(
    [facts.sender, facts.clientAddress, facts.clientName, facts.source, facts.mailId],
    ["joe@there.example", "192.0.2.3", "mta.there.example", "198.51.100.7", "UCtEH5c6lsJ1"],
  );
  const other = noticeFacts(mail, settled, { recipients: [2], nowMs: 5 });
  assert.deepEqual([other.category, other.viruses, other.delivered.length], ["", ["Elsewhere"], 1]);
});
