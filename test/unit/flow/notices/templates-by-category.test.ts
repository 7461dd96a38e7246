import assert from "node:assert/strict";
import { test } from "node:test";
import {
  noticeFrom,
  noticeLetters,
  noticeMailFrom,
  templateSettingFor,
  templateSourceFor,
} from "../../../../src/flow/notices/templates-by-category.ts";
import { bankWith } from "../mails.ts";

test("amavisd's template for each audience and category", () => {
  const wanted = [
    ["admin", "CC_VIRUS", "notify_virus_admin_templ", "VA"],
    ["admin", "CC_BANNED", "notify_virus_admin_templ", "VA"],
    ["admin", "CC_BADH", "notify_virus_admin_templ", "VA"],
    ["admin", "CC_SPAM", "notify_spam_admin_templ", "SA"],
    ["recipient", "CC_VIRUS", "notify_virus_recips_templ", "VR"],
    ["recipient", "CC_SPAM", "notify_spam_recips_templ", "SR"],
    ["sender", "CC_VIRUS", "notify_virus_sender_templ", "VS"],
    ["sender", "CC_BANNED", "notify_virus_sender_templ", "VS"],
    ["sender", "CC_SPAM", "notify_spam_sender_templ", "SS"],
    ["sender", "CC_BADH", "notify_sender_templ", "VS"],
    ["sender", "CC_MTA", "notify_sender_templ", "VS"],
    ["sender", undefined, "notify_sender_templ", "VS"],
  ] as const;
  for (const [audience, category, setting, letters] of wanted) {
    assert.equal(templateSettingFor(audience, category), setting);
    assert.equal(noticeLetters(audience, category), letters);
  }
});

test("who a notice comes from", () => {
  const bank = bankWith({
    myhostname: "mx.here.example",
    hdrfrom_notify_admin: "Alerts <alert@here.example>",
    hdrfrom_notify_spamadmin: "spam@here.example",
    mailfrom_notify_admin: "bounces@here.example",
    mailfrom_notify_recip: "notices@here.example",
  });
  assert.deepEqual(noticeFrom("admin", "CC_VIRUS", bank), { name: "Alerts", address: "alert@here.example" });
  assert.deepEqual(noticeFrom("admin", "CC_SPAM", bank), { name: "", address: "spam@here.example" });
  const ours = { name: "Content-filter at mx.here.example", address: "postmaster@mx.here.example" };
  assert.deepEqual(noticeFrom("recipient", "CC_SPAM", bank), ours);
  assert.deepEqual(noticeFrom("sender", undefined, bank), ours);
  assert.equal(noticeMailFrom("admin", "CC_VIRUS", bank), "bounces@here.example");
  assert.equal(noticeMailFrom("admin", "CC_SPAM", bank), "bounces@here.example");
  assert.equal(noticeMailFrom("recipient", "CC_VIRUS", bank), "notices@here.example");
  assert.equal(noticeMailFrom("sender", "CC_BANNED", bank), "");
  assert.equal(noticeMailFrom("admin", "CC_VIRUS", bankWith()), "");
});

test("settings by category go before the plain ones", () => {
  const bank = bankWith({
    myhostname: "mx.here.example",
    hdrfrom_notify_admin: "alert@here.example",
    hdrfrom_notify_admin_by_ccat: { CC_BANNED: "banned@here.example", CC_CATCHALL: "other@here.example" },
    hdrfrom_notify_recip_by_ccat: { CC_VIRUS: "virus@here.example" },
    hdrfrom_notify_sender_by_ccat: { CC_SPAM: "dsn@here.example" },
    mailfrom_notify_admin: "bounces@here.example",
    mailfrom_notify_admin_by_ccat: { CC_BANNED: "" },
    mailfrom_notify_recip_by_ccat: { CC_VIRUS: "r@here.example" },
    notify_virus_admin_templ: "Subject: plain",
    notify_admin_templ_by_ccat: { CC_BANNED: { file: "/banned.txt" }, CC_SPAM: null },
    notify_recips_templ_by_ccat: { CC_VIRUS: "Subject: r" },
    notify_sender_templ_by_ccat: { CC_CLEAN: "Subject: s" },
  });
  assert.equal(noticeFrom("admin", "CC_BANNED", bank).address, "banned@here.example");
  assert.equal(noticeFrom("admin", "CC_VIRUS", bank).address, "other@here.example");
  assert.equal(noticeFrom("recipient", "CC_VIRUS", bank).address, "virus@here.example");
  assert.equal(noticeFrom("recipient", "CC_BANNED", bank).address, "postmaster@mx.here.example");
  assert.equal(noticeFrom("sender", "CC_SPAM", bank).address, "dsn@here.example");
  assert.equal(noticeMailFrom("admin", "CC_BANNED", bank), "");
  assert.equal(noticeMailFrom("admin", "CC_VIRUS", bank), "bounces@here.example");
  assert.equal(noticeMailFrom("recipient", "CC_VIRUS", bank), "r@here.example");
  assert.deepEqual(templateSourceFor("admin", "CC_BANNED", bank), { file: "/banned.txt" });
  assert.equal(templateSourceFor("admin", "CC_VIRUS", bank), "Subject: plain");
  assert.equal(templateSourceFor("admin", "CC_SPAM", bank), null);
  assert.equal(templateSourceFor("recipient", "CC_VIRUS", bank), "Subject: r");
  assert.equal(templateSourceFor("sender", undefined, bank), "Subject: s");
});
