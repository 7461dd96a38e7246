import assert from "node:assert/strict";
import { test } from "node:test";
import { writeDsn } from "../../../../src/flow/notices/write-dsn.ts";
import { createTemplates } from "../../../../src/notices/templates.ts";
import { judged, no, ok, said } from "../mails.ts";

const recipients = ["a@x NOTIFY=SUCCESS ORCPT=rfc822;a+2B@y", "b@x"];

function written(...owed: Parameters<typeof writeDsn>[2]) {
  const { envelope, message } = writeDsn(
    judged({ recipients, sender: "joe@there.example ENVID=x+2B" }),
    [said(ok), said(no)],
    owed,
    0,
    createTemplates(() => ""),
  );
  const body = message.body.kind === "memory" ? Buffer.concat(message.body.chunks).toString("latin1") : "";
  return { envelope, text: Buffer.from(message.header).toString("latin1") + body };
}

test("speaks of each recipient with its own action, status and reply", () => {
  const { envelope, text } = written({ recipient: 0, action: "relayed" }, { recipient: 1, action: "failed" });
  assert.deepEqual(
    envelope.recipients.map(({ address }) => address),
    ["joe@there.example"],
  );
  assert.match(text, /^Original-Envelope-Id: x\+\r$/m);
  assert.match(
    text,
    /^Original-Recipient: rfc822; a\+@y\r\nFinal-Recipient: rfc822; a@x\r\nAction: relayed\r\nStatus: 2\.0\.0\r\n/m,
  );
  assert.match(text, /^Final-Recipient: rfc822; b@x\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/m);
  assert.match(text, /^Subject: Delivery status notification, MTA-BLOCKED\r$/m);
});

test("does not speak of failure where there is none", () => {
  const { text } = written({ recipient: 0, action: "relayed" });
  assert.doesNotMatch(text, /BLOCKED|could not be delivered|b@x/);
});
