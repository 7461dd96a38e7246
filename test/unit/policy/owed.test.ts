import assert from "node:assert/strict";
import { test } from "node:test";
import type { NoDsnReason } from "../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { decideWith, noDate, program, scored, type TestMail, virus } from "./mail-to-decide.ts";
import { setUp } from "./setup.ts";

const bankOf = (base: BankOverlay) =>
  setUp({
    base: { local_domains_maps: [["here.example"]], ...base },
    rules: { banned_filename_re: { regexp: [["\\.exe$", "DISCARD"]] } },
  }).base;
const owed = (base: BankOverlay, mail: TestMail) => decideWith({ bank: bankOf(base), ...mail })[0]?.owed;
const keeping: BankOverlay = {
  virus_quarantine_method: "local:virus-%m",
  virus_quarantine_to_maps: ["virus-quarantine"],
  spam_quarantine_method: "local:spam-%m.gz",
  spam_quarantine_to_maps: ["spam-quarantine"],
  bad_header_quarantine_method: "local:badh-%m",
  bad_header_quarantine_to_maps: ["bad-header-quarantine"],
  spam_kill_level_maps: [10],
};

test("clean mail owes nothing", () => {
  assert.deepEqual(owed(keeping, {}), { copies: [], notices: [] });
});

test("a copy by the category that blocks, or by the most important one that has a method", () => {
  const infected = { purpose: "quarantine", category: "CC_VIRUS", method: "local:virus-%m", to: "virus-quarantine" };
  assert.deepEqual(owed(keeping, { content: { ...virus, ...noDate } })?.copies, [infected]);
  const spam = { purpose: "quarantine", category: "CC_SPAM", method: "local:spam-%m.gz", to: "spam-quarantine" };
  assert.deepEqual(owed({ ...keeping, final_virus_destiny: "D_PASS" }, { content: scored(11) })?.copies, [spam]);
});

test("[] keeps nothing, %a keeps for the recipient, a method by category takes precedence", () => {
  assert.deepEqual(owed({ ...keeping, virus_quarantine_to_maps: [] }, { content: virus })?.copies, []);
  assert.equal(
    owed({ ...keeping, virus_quarantine_to_maps: ["%a"] }, { content: virus })?.copies[0]?.to,
    "ann@here.example",
  );
  assert.equal(
    owed({ ...keeping, quarantine_method_by_ccat: { CC_VIRUS: "local:x-%m" } }, { content: virus })?.copies[0]?.method,
    "local:x-%m",
  );
});

test("addresses of the configuration that are not ASCII go out as octets", () => {
  for (const [address, octets] of [
    ["админ@here.example", Buffer.from("админ@here.example").toString("latin1")],
    ["bücher@here.example", "b\xc3\xbccher@here.example"],
    ["b\xc3\xbccher@here.example", "b\xc3\xbccher@here.example"],
    ["plain@here.example", "plain@here.example"],
  ] as const) {
    const base = { virus_quarantine_to_maps: [address], virus_admin_maps: [address], newvirus_admin_maps: [address] };
    const { copies = [], notices = [] } = owed({ ...keeping, ...base }, { content: virus }) ?? {};
    assert.deepEqual(
      [...copies, ...notices].map(({ to }) => to),
      [octets, octets, octets],
    );
  }
});

test("spam at or above the cutoff, or of a blacklisted sender, is not kept", () => {
  const base = { ...keeping, spam_quarantine_cutoff_level_maps: [20] };
  assert.equal(owed(base, { content: scored(19.9) })?.copies.length, 1);
  assert.equal(owed(base, { content: scored(20) })?.copies.length, 0);
  const black = { ...base, blacklist_sender_maps: [["there.example"]] };
  assert.equal(owed(black, { content: scored(1) })?.copies.length, 0);
});

test("the archive has a copy of every mail, clean ones too", () => {
  const base: BankOverlay = { archive_quarantine_method: "local:archive/%m" };
  assert.deepEqual(owed(base, {})?.copies, [
    { purpose: "archive", category: "CC_CLEAN", method: "local:archive/%m", to: "archive-quarantine" },
  ]);
  assert.deepEqual(owed({ ...base, archive_quarantine_to_maps: [] }, {})?.copies, []);
});

test("administrators by category; spam at or above the cutoff is not news", () => {
  const admin = { kind: "admin", category: "CC_VIRUS", to: "abuse@here.example" };
  const notices = (base: BankOverlay, mail: TestMail) => owed(base, mail)?.notices.filter(({ kind }) => kind !== "dsn");
  assert.deepEqual(notices({ virus_admin_maps: ["abuse@here.example"] }, { content: virus }), [admin]);
  const spam: BankOverlay = {
    spam_admin_maps: ["x@here.example"],
    spam_kill_level_maps: [5],
    spam_notifyadmin_cutoff_level_maps: [9],
  };
  assert.equal(notices(spam, { content: scored(8) })?.length, 1);
  assert.equal(notices(spam, { content: scored(9) })?.length, 0);
  assert.deepEqual(
    notices({ newvirus_admin_maps: ["new@here.example"] }, { content: virus })?.map(({ kind }) => kind),
    ["new-virus-admin"],
  );
});

test("recipients are told where their maps say so, those elsewhere only with warn_offsite", () => {
  const base: BankOverlay = { warnvirusrecip_maps: [true] };
  const told = (more: BankOverlay, recipient: string) =>
    decideWith({ bank: bankOf({ ...base, ...more }), content: virus }, [recipient])[0]?.owed.notices.map(
      ({ to }) => to,
    );
  assert.deepEqual(told({}, "ann@here.example"), ["ann@here.example"]);
  assert.deepEqual(told({}, "bob@there.example"), []);
  assert.deepEqual(told({ warn_offsite: true }, "bob@there.example"), ["bob@there.example"]);
});

test("a sender is warned of a bad header in mail that passes", () => {
  const notices = owed({ warnbadhsender: true }, { content: noDate })?.notices;
  assert.deepEqual(notices, [{ kind: "warn-sender", category: "CC_BADH", to: "joe@there.example" }]);
});

const spamBounce: BankOverlay = { final_spam_destiny: "D_BOUNCE", spam_kill_level_maps: [5] };

interface Cell {
  readonly title: string;
  readonly base: BankOverlay;
  readonly mail: TestMail;
  readonly reason?: NoDsnReason;
}

const cells: readonly Cell[] = [
  { title: "spam below any cutoff is bounced", base: spamBounce, mail: { content: scored(6) } },
  {
    title: "at the recipient's cutoff",
    base: { ...spamBounce, spam_dsn_cutoff_level_maps: [10] },
    mail: { content: scored(10) },
    reason: "cutoff",
  },
  {
    title: "at the sender's cutoff",
    base: { ...spamBounce, spam_dsn_cutoff_level_bysender_maps: [{ ".example.com": null, ".": 15 }] },
    mail: { content: scored(15) },
    reason: "cutoff",
  },
  {
    title: "the howto's own domain has no cutoff by sender",
    base: { ...spamBounce, spam_dsn_cutoff_level_bysender_maps: [{ ".example.com": null, ".": 15 }] },
    mail: { content: scored(50), sender: "joe@example.com" },
  },
  {
    title: "credible senders have their own cutoff",
    base: {
      ...spamBounce,
      originating: true,
      spam_dsn_cutoff_level_maps: [10],
      spam_crediblefrom_dsn_cutoff_level_maps: [30],
    },
    mail: { content: scored(20) },
  },
  {
    title: "a blacklisted sender where there is a cutoff",
    base: { ...spamBounce, blacklist_sender_maps: [["there.example"]], spam_dsn_cutoff_level_maps: [100] },
    mail: { content: scored(1) },
    reason: "blacklisted",
  },
  {
    title: "a virus that forges its sender",
    base: { final_virus_destiny: "D_BOUNCE", viruses_that_fake_sender_maps: [true] },
    mail: { content: virus },
    reason: "virus-fakes-sender",
  },
  {
    title: "a rule that says DISCARD",
    base: { final_banned_destiny: "D_BOUNCE" },
    mail: { content: program },
    reason: "banned-discard",
  },
  { title: "a list", base: spamBounce, mail: { content: scored(6), isBulk: true }, reason: "bulk" },
  { title: "the null sender", base: spamBounce, mail: { content: scored(6), sender: "" }, reason: "null-sender" },
  {
    title: "a sender nobody vouches for",
    base: spamBounce,
    mail: { content: scored(6), isVouchedFor: false },
    reason: "unverified-sender",
  },
];

for (const { title, base, mail, reason } of cells) {
  test(`bounces: ${title}`, () => {
    const [decision] = decideWith({ bank: bankOf(base), ...mail });
    assert.ok(decision !== undefined && decision.action !== "accept");
    assert.equal(decision.owed.noDsn, reason);
    assert.equal(decision.action, reason === undefined ? "reject" : "discard");
    if (reason !== undefined) assert.equal(decision.reply.text, "Ok, id=123-01, DISCARD(bounce.suppressed)");
    assert.equal(decision.owed.notices.filter(({ kind }) => kind === "dsn").length, reason === undefined ? 1 : 0);
  });
}

test("what is rejected stays rejected, and says why nobody is told", () => {
  const [decision] = decideWith({
    bank: bankOf({ ...spamBounce, final_spam_destiny: "D_REJECT" }),
    content: scored(6),
    isBulk: true,
  });
  assert.deepEqual([decision?.action, decision?.owed.noDsn], ["reject", "bulk"]);
});

test("a mail that is too large is bounced whoever sent it: it is no spam", () => {
  const bank = bankOf({ message_size_limit_maps: [100] });
  const [decision] = decideWith({ bank, isVouchedFor: false });
  assert.deepEqual([decision?.action, decision?.rule], ["reject", "oversized"]);
});
