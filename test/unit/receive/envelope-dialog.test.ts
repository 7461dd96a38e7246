import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommandAnswer, EnvelopeDialog, type MailLimits } from "../../../src/receive/envelope-dialog.ts";

const open: MailLimits = { sizeLimit: 0, admit: () => undefined };
const short = ({ kind, reply }: CommandAnswer) => `${kind} ${reply.code}`;

test("MAIL and RCPT make an envelope, reset forgets it", () => {
  const dialog = new EnvelopeDialog();
  assert.equal(short(dialog.mail("FROM:<a@example.com> BODY=8BITMIME", open)), "ok 250");
  assert.equal(short(dialog.rcpt("TO:<b@example.com>", 10)), "ok 250");
  assert.equal(dialog.dataRefusal(false), undefined);
  assert.deepEqual(dialog.envelope, {
    sender: { address: "a@example.com", parameters: "BODY=8BITMIME" },
    recipients: [{ address: "b@example.com", parameters: "" }],
  });
  dialog.reset();
  assert.deepEqual([dialog.sender, dialog.recipients, dialog.dataRefusal(false)?.code], [undefined, [], 503]);
});

test("limits are nobody's mistake, syntax and order are", () => {
  const mail = (argument: string, limits = open) => short(new EnvelopeDialog().mail(argument, limits));
  assert.equal(mail("FROM:<a@example.com> SIZE=11", { ...open, sizeLimit: 10 }), "limit 552");
  const busy = { code: 451, enhanced: "4.3.2", text: "busy" };
  assert.equal(mail("FROM:<a@example.com>", { ...open, admit: () => busy }), "limit 451");
  assert.equal(mail("a@example.com"), "mistake 501");

  const dialog = new EnvelopeDialog();
  assert.equal(short(dialog.rcpt("TO:<b@example.com>", 1)), "mistake 503");
  dialog.mail("FROM:<>", open);
  assert.equal(short(dialog.mail("FROM:<>", open)), "mistake 503");
  assert.equal(short(dialog.xforward("ADDR=192.0.2.1", true)), "mistake 503");
  dialog.rcpt("TO:<b@example.com>", 1);
  assert.equal(short(dialog.rcpt("TO:<c@example.com>", 1)), "limit 452");
});

test("DATA after refused recipients alone is refused as each protocol has it", () => {
  const dialog = new EnvelopeDialog();
  dialog.mail("FROM:<a@example.com>", open);
  dialog.rcpt("TO:<>", 10);
  assert.deepEqual([dialog.dataRefusal(false)?.code, dialog.dataRefusal(true)?.code], [554, 503]);
});

test("XFORWARD counts for one MAIL, a refused one included", () => {
  const dialog = new EnvelopeDialog();
  dialog.xforward("ADDR=192.0.2.1", true);
  assert.equal(dialog.client.address, "192.0.2.1");
  dialog.mail("nonsense", open);
  assert.equal(dialog.client.address, "192.0.2.1", "for who tells of the refusal");
  dialog.mailAnswered();
  assert.deepEqual(dialog.client, {});
});

test("a refused XFORWARD leaves the client unknown", () => {
  for (const [argument, isAllowed, code] of [
    ["ADDR=192.0.2.1", false, 550],
    ["NONSENSE", true, 501],
  ] as const) {
    const dialog = new EnvelopeDialog();
    assert.equal(short(dialog.xforward(argument, isAllowed)), `mistake ${code}`);
    assert.equal(dialog.client.standing, "refused");
  }
});
