import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../../src/checks/check.ts";
import type { Settled } from "../../../../src/flow/mail.ts";
import { owedDsns } from "../../../../src/flow/notices/owed-dsn.ts";
import { ownWord } from "../../../../src/flow/settle.ts";
import { refused } from "../../../../src/policy/decision.ts";
import { signed } from "../../policy/mail.ts";
import { judged, later, type MailText, no, ok, said } from "../mails.ts";

const byRule = ownWord(refused("spam", "reject", { code: 554, enhanced: "5.7.0", text: "no" }));
const discarded = ownWord(refused("virus", "discard", { code: 250, enhanced: "2.7.0", text: "Ok" }));
const owingDsn = (word: Settled): Settled => ({
  ...word,
  owed: { copies: [], notices: [{ kind: "dsn", category: "CC_SPAM", to: "joe@there.example" }] },
});
const untold: Settled = { ...discarded, owed: { copies: [], notices: [], noDsn: "cutoff" } };
const byHop = (remote: string, tellsSender?: boolean): Settled => ({
  ...said(ok),
  remote,
  ...(tellsSender === undefined ? {} : { tellsSender }),
});
const plain = byHop("smtp:[127.0.0.1]:10025", false);
const able = byHop("smtp:[127.0.0.1]:10025", true);
const success = ["r0@x NOTIFY=SUCCESS", "r1@x NOTIFY=FAILURE", "r2@x"];

interface Scene extends MailText {
  readonly settled: readonly Settled[];
  readonly vouched?: boolean;
}

const cases: readonly (readonly [string, Scene, readonly string[]])[] = [
  ["all are served", { settled: [said(ok), said(ok)] }, []],
  ["one is refused", { settled: [said(ok), said(no)] }, ["1 failed"]],
  ["one is refused by a rule", { settled: [said(ok), byRule] }, ["1 failed"]],
  ["one is discarded", { settled: [said(ok), discarded] }, []],
  ["all are rejected, by decision: the reply says it", { settled: [owingDsn(byRule), owingDsn(byRule)] }, []],
  ["rejected to LMTP, by decision", { settled: [owingDsn(byRule), said(ok)], protocol: "LMTP" }, []],
  ["discarded, but told of by decision", { settled: [owingDsn(discarded)] }, ["0 failed"]],
  ["discarded since the sender is not to be told", { settled: [untold] }, ["0 failed cutoff"]],
  ["all are refused: the reply says it", { settled: [said(no), byRule] }, []],
  ["one is put off: it comes again", { settled: [said(ok), said(no), said(later)], recipients: success }, []],
  ["LMTP has a reply for each", { settled: [said(ok), said(no), said(later)], protocol: "LMTP" }, []],
  ["nobody vouches", { settled: [said(ok), said(no)], vouched: false }, ["1 failed unverified-sender"]],
  ["a list", { settled: [said(ok), said(no)], text: "List-Id: x\r\n\r\n" }, ["1 failed bulk"]],
  ["never", { settled: [said(ok), said(no)], recipients: ["a@x", "b@x NOTIFY=NEVER"] }, ["1 failed notify-never"]],
  ["a hop without DSN", { settled: [plain, plain, plain], recipients: success }, ["0 relayed"]],
  ["a hop with DSN tells itself", { settled: [able, able, able], recipients: success }, []],
  ["a mailbox", { settled: [byHop("lmtp:/run/lmtp.sock", false)], recipients: success }, ["0 delivered"]],
  ["a mailbox that tells itself", { settled: [byHop("lmtp:/run/lmtp.sock", true)], recipients: success }, []],
  ["success by LMTP input", { settled: [plain, said(later)], recipients: success, protocol: "LMTP" }, ["0 relayed"]],
  ["success and failure", { settled: [plain, said(no)], recipients: success }, ["0 relayed", "1 failed"]],
  [
    "success, asked for by nobody known",
    { settled: [plain], recipients: success, vouched: false },
    ["0 relayed unverified-sender"],
  ],
  [
    "success, of a list that asks for it",
    { settled: [plain], recipients: success, text: "List-Id: x\r\n\r\n" },
    ["0 relayed"],
  ],
  ["success without a sender", { settled: [plain], recipients: success, sender: "" }, ["0 relayed null-sender"]],
  ["no success is told of what is refused", { settled: [said(no)], recipients: success }, []],
  ["no success is told of what is discarded", { settled: [discarded], recipients: success }, []],
];

for (const [title, { settled, vouched = true, ...text }, wanted] of cases) {
  test(`what the sender is owed: ${title}`, () => {
    const recipients = text.recipients ?? settled.map((_, index) => `r${index}@x`);
    const facts = vouched ? { ...noFacts, verifications: [signed("there.example")] } : noFacts;
    const mail = judged({ ...text, recipients }, { facts });
    const owed = owedDsns(mail, settled);
    assert.deepEqual(
      owed.map(
        ({ recipient, action, withheld }) => `${recipient} ${action}${withheld === undefined ? "" : ` ${withheld}`}`,
      ),
      wanted,
    );
  });
}
