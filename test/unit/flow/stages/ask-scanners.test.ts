import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../../src/checks/check.ts";
import { createAskScanners, type SpamFacts } from "../../../../src/flow/stages/ask-scanners.ts";
import type { SpamAsk, VirusAsk } from "../../../../src/scanners/content-scanners.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, judged } from "../mails.ts";

const three = ["ann@here.example", "bob@here.example", "eve@here.example"];
const spamd = {
  name: "SpamAssassin",
  type: "spamd" as const,
  address: "127.0.0.1:783",
  timeout: 30,
  connections: 5,
  score_factor: 1,
  mail_body_size_limit: null,
};

interface Asked {
  readonly spam: SpamAsk;
  /** One for each user. */
  readonly all: readonly SpamAsk[];
  readonly virus: VirusAsk;
  readonly found: SpamFacts;
}

async function asked(settings: BankOverlay, facts = noFacts, recipients = three): Promise<Asked> {
  const all: SpamAsk[] = [];
  let virus: VirusAsk | undefined;
  const ask = createAskScanners({
    messageTimeMs: 400,
    scanners: {
      async scanViruses(_message, given) {
        virus = given;
        return { names: [], answers: [], failed: false, cached: false };
      },
      async scoreSpam(_message, given) {
        all.push(given);
        return { score: all.length, tests: [], scanner: given.user ?? "", cached: false };
      },
    },
  });
  const mail = judged({ recipients }, { bank: bankWith({ spam_scanners: [spamd], ...settings }), facts });
  await ask.scanViruses(mail);
  const found = await ask.scoreSpam(mail);
  const [spam] = all;
  assert.ok(spam && virus);
  return { spam, all, virus, found };
}

test("scanners have half of the mail's time", async () => {
  const { spam, virus } = await asked({});
  assert.equal(virus.deadlineMs, 1200);
  assert.equal(spam.deadlineMs, 1200);
});

test("the level is the lowest of the recipients who do not bypass", async () => {
  const { all } = await asked({
    spam_tag2_level_maps: [{ "ann@here.example": 2, "bob@here.example": 7, "eve@here.example": 5 }],
    bypass_spam_checks_maps: [{ "ann@here.example": true }],
  });
  assert.deepEqual(
    all.map(({ user, spamLevel }) => [user, spamLevel]),
    [[undefined, 5]],
  );
});

test("each user's rules are asked for once, and hold for that user's recipients alone", async () => {
  const recipients = [...three, "bob+x@here.example"];
  const settings: BankOverlay = {
    sa_username_maps: [{ "bob@here.example": "bob", "bob+x@here.example": "bob", "eve@here.example": "eve" }],
    spam_tag2_level_maps: [{ "bob@here.example": 7, "bob+x@here.example": 3 }],
  };
  const { all, found } = await asked(settings, noFacts, recipients);
  assert.deepEqual(
    all.map(({ user, spamLevel }) => [user, spamLevel]),
    [
      [undefined, undefined],
      ["bob", 3],
      ["eve", undefined],
    ],
  );
  assert.equal(found.spam?.score, 1);
  assert.deepEqual(
    found.spamByUser?.map(({ recipients: of, spam }) => [of, spam.score]),
    [
      [["bob@here.example", "bob+x@here.example"], 2],
      [["eve@here.example"], 3],
    ],
  );
});

test("of very many users some share the scanner's own rules", async () => {
  const recipients = Array.from({ length: 100 }, (_, index) => `u${index}@here.example`);
  const names = Object.fromEntries(recipients.map((recipient, index) => [recipient, `u${index}`]));
  const { all, found } = await asked({ sa_username_maps: [names] }, noFacts, recipients);
  assert.equal(all.length, 20);
  assert.deepEqual([all.at(-1)?.user, found.spamByUser?.at(-1)?.recipients.length], [undefined, 81]);
});

test("a scanner without users is asked once for all", async () => {
  const rspamd = { ...spamd, name: "rspamd", type: "rspamd" as const };
  const { all } = await asked({
    spam_scanners: [rspamd],
    sa_username_maps: [{ "bob@here.example": "bob", "eve@here.example": "eve" }],
  });
  assert.deepEqual(
    all.map(({ user }) => user),
    [undefined],
  );
});

test("names of viruses that count as points are handed on", async () => {
  const virus = { names: ["Phish.A"], answers: [], failed: false, cached: false };
  const facts = { ...noFacts, content: { virus } };
  const { spam } = await asked({ virus_name_to_spam_score_maps: [{ "Phish.A": 4 }] }, facts);
  assert.deepEqual(spam.virusTests, ["AV:Phish.A=4"]);
  assert.ok(!("virusTests" in (await asked({}, facts)).spam), "an infection is none");
});

test("nobody's user and nobody's level are left out, and so are results that nobody asked for", async () => {
  const { spam } = await asked({});
  assert.deepEqual(
    ["user", "spamLevel", "verified"].filter((name) => name in spam),
    [],
  );
});

test("what was verified is handed on as the field that local recipients get", async () => {
  const findings = [{ method: "spf", result: "pass", properties: [] }] as const;
  const { spam } = await asked({ myhostname: "mx.here.example" }, { ...noFacts, findings });
  assert.equal(spam.verified?.field(), "Authentication-Results: mx.here.example;\r\n\tspf=pass\r\n");
});
