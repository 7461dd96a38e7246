import assert from "node:assert/strict";
import { test } from "node:test";
import type { JudgedMail } from "../../../../src/flow/mail.ts";
import { leavingTogether } from "../../../../src/flow/settle.ts";
import { createAnnotate } from "../../../../src/flow/stages/annotate.ts";
import { print } from "../../../../src/mail/edit.ts";
import { accepted, refused } from "../../../../src/policy/decision.ts";
import type { NextHop } from "../../../../src/smtp/next-hop.ts";
import { bankWith, hop, judged, no, otherHop } from "../mails.ts";

const found = {
  findings: [{ method: "dkim", result: "none", properties: [] }],
  verifications: [],
  content: {},
} as const;

const ids = ["mx.here.example", "other.here.example"];

/** The header that each recipient's mail would leave with. */
function headers(mail: JudgedMail, nextHops: readonly NextHop[] = [hop]): readonly string[] {
  const annotate = createAnnotate(() => nextHops, ids);
  const { envelope, message } = mail.transaction;
  const decisions = annotate(
    mail,
    envelope.recipients.map(() => accepted),
  );
  return decisions.map((decision) => {
    assert.ok(decision.action === "accept");
    assert.deepEqual(decision.nextHops, nextHops);
    return Buffer.from(print(message, decision.edits, "own").header).toString("latin1");
  });
}

const mixed = { recipients: ["ann@here.example", "bob@elsewhere.example", "eve@here.example"] };

test("every mail gets our trace field, local recipients our results above it", () => {
  const [ann = "", bob = "", eve] = headers(judged(mixed, { facts: found }));
  assert.match(bob, /^Received: from [\s\S]*\r\n by [\s\S]*\r\nFrom: joe@there\.example\r\nSubject: x\r\n$/);
  assert.match(ann, /^Authentication-Results: [\s\S]*dkim=none\r\nReceived: /);
  assert.ok(ann.endsWith(bob));
  assert.equal(eve, ann);
});

test("recipients who get the same leave together, the others apart", () => {
  const mail = judged(mixed, { facts: found });
  const decisions = createAnnotate((_mail, recipient) => [recipient.startsWith("eve@") ? otherHop : hop], ids)(
    mail,
    mail.transaction.envelope.recipients.map(() => accepted),
  );
  assert.deepEqual(
    leavingTogether(decisions).map(({ recipients, nextHops }) => [recipients, nextHops]),
    [
      [[0], [hop]],
      [[1], [hop]],
      [[2], [otherHop]],
    ],
  );
  const alike = createAnnotate(() => [{ ...hop }], ids)(
    mail,
    mail.transaction.envelope.recipients.map(() => accepted),
  );
  assert.deepEqual(
    leavingTogether(alike).map(({ recipients }) => recipients),
    [[0, 2], [1]],
  );
});

test("without results to show, or where they are not to be shown, all mail leaves alike", () => {
  for (const mail of [
    judged(mixed),
    judged(mixed, {
      facts: found,
      bank: bankWith({ allowed_added_header_fields: { received: true, "authentication-results": false } }),
    }),
  ]) {
    assert.equal(new Set(headers(mail)).size, 1);
  }
});

test("what claims our name is left out, what is others' stays", () => {
  const bank = bankWith({ myauthservid: "mx.here.example", allowed_added_header_fields: {} });
  const text =
    "Authentication-Results: mx.here.example; dkim=pass\r\nFrom: a@b\r\nAuthentication-Results: other.example; none\r\n" +
    "authentication-results :\r\n other.here.example; spf=pass\r\n\r\nhello\r\n";
  assert.deepEqual(headers(judged({ text }, { bank })), [
    "From: a@b\r\nAuthentication-Results: other.example; none\r\n",
  ]);
});

test("no field of ours is added where the bank allows none, unless the first line would go on with it", () => {
  const bank = bankWith({ allowed_added_header_fields: {} });
  assert.deepEqual(headers(judged({}, { bank })), ["From: joe@there.example\r\nSubject: x\r\n"]);
  const [blank = ""] = headers(judged({ text: " dkim=pass\r\nFrom: a@b\r\n\r\nhello\r\n" }, { bank }));
  assert.match(blank, /^Received: /);
});

test("the trace field names the recipient of a mail that has one", () => {
  const [one = ""] = headers(judged({ recipients: ["bob@elsewhere.example"] }));
  assert.match(one, /for <bob@elsewhere\.example>/);
  assert.doesNotMatch(headers(judged(mixed)).join(""), /for </);
});

test("what was refused stays refused, without a next hop being asked for", () => {
  const refusal = refused("dmarc", "reject", no);
  const annotate = createAnnotate(() => assert.fail("it goes nowhere"), ids);
  assert.deepEqual(annotate(judged(), [refusal]), [refusal]);
});

test("mail that goes on and has nowhere to go is our trouble", () => {
  assert.throws(() => headers(judged(), []), /no next hop is configured/);
});
