import assert from "node:assert/strict";
import { test } from "node:test";
import { milterVerdict } from "../../../src/daemon/milter-mail.ts";
import type { Leaving, Settled } from "../../../src/flow/mail.ts";
import { milterNextHops } from "../../../src/flow/milter-flow.ts";
import { conclude } from "../../../src/flow/outcome/conclude.ts";
import { noEdits } from "../../../src/mail/edit.ts";
import { bankWith, judged, no, said } from "../flow/mails.ts";

const three = { recipients: ["ann@here.example", "bob@here.example", "eve@here.example"] };
const taken = said({ code: 250, enhanced: "2.0.0", text: "Ok" });
const discarded: Settled = {
  ...taken,
  action: "discard",
  reply: { code: 250, enhanced: "2.7.0", text: "Ok, discarded" },
};
const rejected: Settled = { ...taken, action: "reject", reply: no };

function verdict(settled: readonly Settled[], leaving: Partial<Leaving> = {}) {
  const mail = judged({ recipients: three.recipients.slice(0, settled.length) }, { bank: bankWith() });
  const outcome = conclude(mail, { signings: [] }, settled);
  const leaves = { recipients: [], edits: noEdits, nextHops: milterNextHops(), ...leaving };
  const { discarded: isDiscarded, removedRecipients, addedRecipients } = milterVerdict({ outcome, leaving: [leaves] });
  return { isDiscarded, removedRecipients, addedRecipients };
}

test("who does not get it is taken out", () => {
  assert.deepEqual(verdict([taken, discarded, rejected]), {
    isDiscarded: false,
    removedRecipients: ["bob@here.example", "eve@here.example"],
    addedRecipients: [],
  });
});

test("a mail for nobody is discarded", () => {
  assert.equal(verdict([discarded, discarded]).isDiscarded, true);
  assert.equal(verdict([rejected]).isDiscarded, false);
});

test("mail to be held says why, and by which log line", () => {
  const mail = judged({ recipients: three.recipients.slice(0, 1) }, { bank: bankWith() });
  const outcome = conclude(mail, { signings: [] }, [taken]);
  assert.equal(milterVerdict({ outcome, leaving: [], hold: "SPAM" }).hold, `SPAM, id=${outcome.session.id}`);
});

test("an address extension puts one recipient in another's place", () => {
  assert.deepEqual(verdict([taken, taken], { deliverTo: new Map([[1, "bob+spam@here.example"]]) }), {
    isDiscarded: false,
    removedRecipients: ["bob@here.example"],
    addedRecipients: ["bob+spam@here.example"],
  });
});
