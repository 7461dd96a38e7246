import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../../src/checks/check.ts";
import { createAskScanners } from "../../../../src/flow/stages/ask-scanners.ts";
import type { SpamAsk, VirusAsk } from "../../../../src/scanners/content-scanners.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, judged } from "../mails.ts";

async function asked(settings: BankOverlay, facts = noFacts): Promise<{ spam: SpamAsk; virus: VirusAsk }> {
  let spam: SpamAsk | undefined;
  let virus: VirusAsk | undefined;
  const ask = createAskScanners({
    messageTimeMs: 400,
    scanners: {
      async scanViruses(_message, given) {
        virus = given;
        return { names: [], answers: [], failed: false, cached: false };
      },
      async scoreSpam(_message, given) {
        spam = given;
        return { tests: [], scanner: "x", cached: false };
      },
    },
  });
  const mail = judged(
    { recipients: ["ann@here.example", "bob@here.example", "eve@here.example"] },
    { bank: bankWith(settings), facts },
  );
  await ask.scanViruses(mail);
  await ask.scoreSpam(mail);
  assert.ok(spam && virus);
  return { spam, virus };
}

test("scanners have half of the mail's time", async () => {
  const { spam, virus } = await asked({});
  assert.equal(virus.deadlineMs, 1200);
  assert.equal(spam.deadlineMs, 1200);
});

test("the user is that of the first recipient who has one, the level the lowest of those who do not bypass", async () => {
  const { spam } = await asked({
    sa_username_maps: [{ "bob@here.example": "bob", "eve@here.example": "eve" }],
    spam_tag2_level_maps: [{ "ann@here.example": 2, "bob@here.example": 7, "eve@here.example": 5 }],
    bypass_spam_checks_maps: [{ "ann@here.example": true }],
  });
  assert.equal(spam.user, "bob");
  assert.equal(spam.spamLevel, 5);
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
