import assert from "node:assert/strict";
import { test } from "node:test";
import { releasedMessage, withTopField } from "../../../src/flow/release-format.ts";
import { messageFrom, original } from "../../support/quarantine.ts";
import { wholeMail } from "../../support/scanned-mail.ts";

const facts = {
  mailId: "t5bDoRaO1a6J",
  nowMs: 1_790_000_000_000,
  myhostname: "mx.here.example",
  from: "Filter <postmaster@here.example>",
  recipients: ["b@example.com"],
};
const octets = original;
const textOf = async (format: "resend" | "attach" | "plain", recipients = facts.recipients) =>
  (await wholeMail(releasedMessage(format, messageFrom(octets), { ...facts, recipients }))).toString("latin1");

test("resend: as it came, below our fields", async () => {
  const text = await textOf("resend");
  assert.ok(text.endsWith(`X-Amavis-Released: <t5bDoRaO1a6J>\r\n${octets}`));
  assert.match(text, /^Resent-From: Filter <postmaster@here\.example>\r\n/);
  assert.match(text, /^Resent-To: <b@example\.com>\r$/m);
  assert.match(await textOf("resend", ["b@example.com", "c@example.com"]), /^Resent-To: undisclosed-recipients:;\r$/m);
});

for (const [format, type] of [
  ["attach", "message/rfc822"],
  ["plain", "text/plain; charset=UTF-8"],
] as const) {
  test(`${format}: within a mail of ours, octet by octet`, async () => {
    const text = await textOf(format);
    assert.match(text, /^From: Filter <postmaster@here\.example>\r\nSubject: =\?utf-8\?/i);
    assert.match(text, /^To: <b@example\.com>\r$/m);
    assert.match(text, /^X-Amavis-Released: <t5bDoRaO1a6J>\r$/m);
    assert.match(text, /^Auto-Submitted: auto-generated\r$/m);
    assert.ok(text.includes(`\r\nContent-Type: ${type}\r\n`));
    assert.ok(text.includes(`\r\n\r\n${octets}\r\n----------`));
  });
}

test("a field on top of all", async () => {
  const message = withTopField(releasedMessage("attach", messageFrom(octets), facts), "X-A: 1\r\n");
  assert.match((await wholeMail(message)).toString("latin1"), /^X-A: 1\r\nFrom: /);
  assert.equal(message.fields[0]?.name, "x-a");
});
