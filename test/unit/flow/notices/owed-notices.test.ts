import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../../src/checks/check.ts";
import type { Settled } from "../../../../src/flow/mail.ts";
import { owedNotices } from "../../../../src/flow/notices/owed-notices.ts";
import { ownWord } from "../../../../src/flow/settle.ts";
import { type NoticeOwed, refused } from "../../../../src/policy/decision.ts";
import { signed } from "../../policy/mail.ts";
import { bankWith, judged, later, type MailText, ok, said } from "../mails.ts";

const discarded = ownWord(refused("virus", "discard", { code: 250, enhanced: "2.7.0", text: "Ok" }));

function owing(word: Settled, ...notices: readonly NoticeOwed[]): Settled {
  return { ...word, owed: { copies: [], notices } };
}
const admin = (to: string, category: NoticeOwed["category"] = "CC_VIRUS"): NoticeOwed => ({
  kind: "admin",
  category,
  to,
});
const warned: NoticeOwed = { kind: "warn-sender", category: "CC_BADH", to: "joe@there.example" };
const told: NoticeOwed = { kind: "recipient", category: "CC_VIRUS", to: "r0@x" };

const ours = "Message-ID: <VAUCtEH5c6lsJ1-2@mx.here.example>\r\nAuto-Submitted: auto-generated\r\n\r\n";

interface Scene extends MailText {
  readonly settled: readonly Settled[];
  readonly vouched?: boolean;
  /** Of every RCPT. */
  readonly parameters?: readonly string[];
}

const cases: readonly (readonly [string, Scene, readonly string[]])[] = [
  ["nothing", { settled: [said(ok), discarded] }, []],
  [
    "an administrator hears once of all recipients",
    {
      settled: [owing(discarded, admin("a@x", "CC_SPAM")), owing(discarded, admin("a@x"), admin("b@x"))],
    },
    ["admin a@x CC_VIRUS 0,1", "admin b@x CC_VIRUS 1"],
  ],
  [
    "each recipient",
    { settled: [owing(discarded, told), owing(discarded, { ...told, to: "r1@x" })] },
    ["recipient r0@x CC_VIRUS 0", "recipient r1@x CC_VIRUS 1"],
  ],
  ["nothing of a mail that comes again", { settled: [owing(discarded, admin("a@x")), said(later)] }, []],
  [
    "by LMTP only of those who are not put off",
    { settled: [owing(discarded, admin("a@x")), owing(said(later), admin("b@x"))], protocol: "LMTP" },
    ["admin a@x CC_VIRUS 0"],
  ],
  ["a status notification is another matter", { settled: [owing(discarded, { ...warned, kind: "dsn" })] }, []],
  ["a sender who is vouched for", { settled: [owing(said(ok), warned)] }, ["warn-sender joe@there.example CC_BADH 0"]],
  [
    "a sender whom nobody vouches for",
    { settled: [owing(said(ok), warned)], vouched: false },
    ["warn-sender joe@there.example CC_BADH 0 unverified-sender"],
  ],
  [
    "a sender who wants to hear nothing of the recipient",
    { settled: [owing(said(ok), warned)], parameters: [" NOTIFY=NEVER"] },
    ["warn-sender joe@there.example CC_BADH 0 notify-never"],
  ],
  [
    "a sender who wants to hear of one recipient",
    { settled: [owing(said(ok), warned), owing(said(ok), warned)], parameters: [" NOTIFY=NEVER", " NOTIFY=DELAY"] },
    ["warn-sender joe@there.example CC_BADH 0,1"],
  ],
  [
    "a list",
    { settled: [owing(said(ok), warned)], text: "List-Id: x\r\n\r\n" },
    ["warn-sender joe@there.example CC_BADH 0 bulk"],
  ],
  [
    "the null sender",
    { settled: [owing(said(ok), { ...warned, to: "" })], sender: "" },
    ["warn-sender  CC_BADH 0 null-sender"],
  ],
  [
    "an administrator is told of lists and of mail without a sender",
    { settled: [owing(discarded, admin("a@x"))], sender: "", vouched: false, text: "Precedence: bulk\r\n\r\n" },
    ["admin a@x CC_VIRUS 0"],
  ],
  [
    "our own notice, or one that pretends to be",
    { settled: [owing(discarded, admin("a@x"), told)], text: ours },
    ["admin a@x CC_VIRUS 0 own-notice", "recipient r0@x CC_VIRUS 0 own-notice"],
  ],
  [
    "a notice of another filter",
    { settled: [owing(discarded, admin("a@x"))], text: ours.replace("mx.here", "mx.there") },
    ["admin a@x CC_VIRUS 0"],
  ],
  [
    "our Message-ID in a mail that a person wrote",
    { settled: [owing(discarded, admin("a@x"))], text: ours.replace("auto-generated", "no") },
    ["admin a@x CC_VIRUS 0"],
  ],
  [
    "no address",
    { settled: [owing(discarded, admin("a>b@x"), admin(""), admin("a b@x"))] },
    ["admin a>b@x CC_VIRUS 0 bad-address", "admin  CC_VIRUS 0 bad-address", "admin a b@x CC_VIRUS 0 bad-address"],
  ],
];

for (const [title, { settled, vouched = true, parameters = [], ...text }, wanted] of cases) {
  test(`who is told: ${title}`, () => {
    const facts = vouched ? { ...noFacts, verifications: [signed("there.example")] } : noFacts;
    const mail = judged(
      { ...text, recipients: settled.map((_, index) => `r${index}@x${parameters[index] ?? ""}`) },
      { facts, bank: bankWith({ myhostname: "mx.here.example" }) },
    );
    const due = owedNotices(mail, settled).map(({ kind, to, category, recipients, withheld }) =>
      [kind, to, category, recipients.join(), ...(withheld === undefined ? [] : [withheld])].join(" "),
    );
    assert.deepEqual(due, wanted);
  });
}

test("a mail has us write so many notices and no more", () => {
  const settled = Array.from({ length: 200 }, (_, index) => owing(discarded, admin(`a${index}@x`)));
  const due = owedNotices(judged({ recipients: settled.map((_, index) => `r${index}@x`) }), settled);
  assert.equal(due.filter(({ withheld }) => withheld === undefined).length, 50);
  assert.equal(due.filter(({ withheld }) => withheld === "too-many").length, 150);
});
