import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { mayNotify, type Suppression, suppression } from "../../../src/notices/may-notify.ts";
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
  ["MAILER-DAEMON@b", "c@d", "Subject: x\r\n", "bulk"],
  ["owner-list@b", "c@d", "Subject: x\r\n", "bulk"],
  ["list-request@b", "c@d", "Subject: x\r\n", "bulk"],
];

for (const [sender, recipient, header, why] of cases) {
  test(`${why === undefined ? "notifies" : `is silent (${why})`}: <${sender}> to <${recipient}>, ${header.trim()}`, () => {
    const envelope = envelopeFrom(sender, recipient);
    const mail = {
      sender: envelope.sender,
      recipient: envelope.recipients[0] ?? { address: "", parameters: "" },
      fields: splitHeader(Buffer.from(header)).fields,
    };
    assert.equal(suppression(mail), why);
    assert.equal(mayNotify(mail), why === undefined);
  });
}
