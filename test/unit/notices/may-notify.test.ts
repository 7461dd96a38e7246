import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import {
  reasonsAgainst,
  type Suppression,
  successSuppression,
  suppression,
  wantsSuccess,
} from "../../../src/notices/may-notify.ts";
import { envelopeFrom } from "../../support/relay-mail.ts";

const cases: readonly [string, string, string, Suppression | undefined][] = [
  ["a@b", "c@d", "Subject: x\r\n", undefined],
  ["", "c@d", "Subject: x\r\n", "null-sender"],
  ["", "c@d NOTIFY=FAILURE", "Subject: x\r\n", "null-sender"],
  ["a@b", "c@d NOTIFY=NEVER", "Subject: x\r\n", "notify-never"],
  ["a@b", "c@d ORCPT=rfc822;x notify=never", "Subject: x\r\n", "notify-never"],
  ["a@b", "c@d NOTIFY=SUCCESS,DELAY", "Subject: x\r\n", "no-failure"],
  ["a@b", "c@d NOTIFY=SUCCESS,failure", "Subject: x\r\n", undefined],
  ["a@b", "c@d", "Precedence: Bulk\r\n", "bulk"],
  ["a@b", "c@d", "precedence:\r\n list (x)\r\n", "bulk"],
  ["a@b", "c@d", "Precedence: first-class\r\n", undefined],
  ["a@b", "c@d", "List-Id: <x.example.com>\r\n", "bulk"],
  ["a@b", "c@d", "Auto-Submitted: auto-replied; x=y\r\n", "bulk"],
  ["a@b", "c@d", "Auto-Submitted: no\r\n", undefined],
  ["a@b", "c@d", "Subject: Precedence: bulk\r\n", undefined],
  ["a@b", "c@d", "Auto-Submitted:\r\n", "bulk"],
  ["a@b", "c@d", "List-Help: <mailto:x@example.com>\r\n", "bulk"],
  ["a@b", "c@d", "Content-Type: Multipart/Report; report-type=delivery-status\r\n", "bulk"],
  ["a@b", "c@d", "Content-Type: multipart/mixed; x=multipart/report\r\n", undefined],
  ["MAILER-DAEMON@b", "c@d", "Subject: x\r\n", "robot"],
  ["MAILER-DAEMON", "c@d", "Subject: x\r\n", "robot"],
  ['"mailer-daemon"@b', "c@d", "Subject: x\r\n", "robot"],
  ["Postmaster@b", "c@d", "Subject: x\r\n", "robot"],
  ["owner-list@b", "c@d", "Subject: x\r\n", "robot"],
  ["list-owner@b", "c@d", "Subject: x\r\n", "robot"],
  ["list-request@b", "c@d", "Subject: x\r\n", "robot"],
  ["list-bounces+ann=here.example@b", "c@d", "Subject: x\r\n", "robot"],
  ["request@b", "c@d", "Subject: x\r\n", undefined],
  ["postmaster.joe@b", "c@d", "Subject: x\r\n", undefined],
];

for (const [sender, recipient, header, why] of cases) {
  test(`${why === undefined ? "notifies" : `is silent (${why})`}: <${sender}> to <${recipient}>, ${header.trim()}`, () => {
    const envelope = envelopeFrom(sender, recipient);
    const [path] = envelope.recipients;
    assert.ok(path !== undefined);
    const mail = { sender: envelope.sender, fields: splitHeader(Buffer.from(header)).fields };
    assert.equal(suppression(reasonsAgainst({ ...mail, isVouchedFor: true }), path), why);
    assert.equal(suppression(reasonsAgainst({ ...mail, isVouchedFor: false }), path), why ?? "unverified-sender");
  });
}

test("only who asks for it wants to be told of success", () => {
  for (const [parameters, wanted] of [
    ["", false],
    ["NOTIFY=FAILURE", false],
    ["NOTIFY=NEVER", false],
    ["ORCPT=rfc822;success notify=delay,Success", true],
    ["ORCPT=rfc822;NOTIFY=SUCCESS", false],
  ] as const) {
    assert.equal(wantsSuccess({ address: "c@d", parameters }), wanted, parameters);
  }
});

test("success is told to who can be believed to be the sender", () => {
  const [sender, nobody] = [envelopeFrom("a@b").sender, envelopeFrom("").sender];
  assert.equal(successSuppression(reasonsAgainst({ sender, fields: [], isVouchedFor: true })), undefined);
  assert.equal(successSuppression(reasonsAgainst({ sender, fields: [], isVouchedFor: false })), "unverified-sender");
  assert.equal(successSuppression(reasonsAgainst({ sender: nobody, fields: [], isVouchedFor: true })), "null-sender");
});
