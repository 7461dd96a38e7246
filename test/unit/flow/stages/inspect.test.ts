import assert from "node:assert/strict";
import { test } from "node:test";
import { createInspect, type InspectNeeds } from "../../../../src/flow/stages/inspect.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, judged } from "../mails.ts";

const fault = { test: "missing", text: 'Missing required header field: "Date"' } as const;
const parts = { parts: [], unchecked: [] };
const virus = { names: ["Eicar"], answers: [], failed: false, cached: false };
const two = { recipients: ["ann@here.example", "bob@here.example"] };
const all = { "ann@here.example": true, "bob@here.example": true };
const ann = { "ann@here.example": true };

interface Case {
  readonly title: string;
  readonly settings: BankOverlay;
  /** Whether a scanner is configured, and whether names are banned. */
  readonly scanner?: boolean;
  readonly bans?: boolean;
  readonly found: readonly string[];
}

const cases: readonly Case[] = [
  { title: "the header section alone, where nothing else is configured", settings: {}, found: ["headerFaults"] },
  {
    title: "everything bypassed by all",
    settings: {
      bypass_header_checks_maps: [all],
      bypass_banned_checks_maps: [all],
      bypass_virus_checks_maps: [true],
    },
    scanner: true,
    bans: true,
    found: [],
  },
  {
    title: "a check that one of two recipients bypasses is made",
    settings: { bypass_header_checks_maps: [ann], bypass_banned_checks_maps: [ann], bypass_virus_checks_maps: [ann] },
    scanner: true,
    bans: true,
    found: ["headerFaults", "parts", "virus"],
  },
  {
    title: "mail with a virus scanner is taken apart, as what it hides makes it unchecked",
    settings: { bypass_header_checks_maps: [true] },
    scanner: true,
    found: ["parts", "virus"],
  },
  {
    title: "names alone",
    settings: { bypass_header_checks_maps: [true], bypass_virus_checks_maps: [true] },
    scanner: true,
    bans: true,
    found: ["parts"],
  },
  {
    title: "bypass_decode_parts takes nothing apart, the scanner is asked all the same",
    settings: { bypass_header_checks_maps: [true], bypass_decode_parts: true },
    scanner: true,
    bans: true,
    found: ["virus"],
  },
];

const clamd = { name: "ClamAV", type: "clamd" as const, address: "127.0.0.1:3310", timeout: 30, connections: 10 };
const spamd = {
  ...{ name: "SpamAssassin", type: "spamd" as const, address: "127.0.0.1:783", timeout: 30, connections: 10 },
  ...{ score_factor: 1, mail_body_size_limit: null },
};

const scannedCases: readonly (readonly [string, BankOverlay, boolean])[] = [
  ["no scanner at all", { av_scanners: [], spam_scanners: [] }, false],
  ["a virus scanner", { av_scanners: [clamd], spam_scanners: [] }, true],
  ["a spam scanner", { av_scanners: [], spam_scanners: [spamd] }, true],
  [
    "both, bypassed by all",
    {
      ...{ av_scanners: [clamd], spam_scanners: [spamd] },
      ...{ bypass_virus_checks_maps: [true], bypass_spam_checks_maps: [true] },
    },
    false,
  ],
];

for (const [title, settings, isScanned] of scannedCases) {
  test(`who takes the mail apart is told whether scanners are asked: ${title}`, async () => {
    const told: boolean[] = [];
    const needs: InspectNeeds = {
      headerFaults: () => [],
      bansNames: () => true,
      async lookIntoParts(_message, scanned) {
        told.push(scanned);
        return parts;
      },
      scanViruses: async () => virus,
      scanContent: async () => virus,
    };
    await createInspect(needs)(judged(two, { bank: bankWith(settings) }));
    assert.deepEqual(told, [isScanned]);
  });
}

test("what is remembered is there at once, and what one of both has to look for is waited for", async () => {
  const mail = judged(two, { bank: bankWith({ av_scanners: [clamd] }) });
  const expected = { headerFaults: [fault], parts, virus };
  const known = {
    headerFaults: () => [fault],
    bansNames: () => true,
    lookIntoParts: () => parts,
    scanViruses: () => virus,
    scanContent: () => virus,
  };
  const atOnce = createInspect(known)(mail);
  assert.ok(!(atOnce instanceof Promise));
  assert.deepEqual(atOnce.content, expected);
  for (const looked of [{ lookIntoParts: async () => parts }, { scanViruses: async () => virus }]) {
    const later = createInspect({ ...known, ...looked })(mail);
    assert.ok(later instanceof Promise);
    assert.deepEqual((await later).content, expected);
  }
});

for (const { title, settings, scanner = false, bans = false, found } of cases) {
  test(title, async () => {
    const needs: InspectNeeds = {
      headerFaults: () => [fault],
      bansNames: () => bans,
      lookIntoParts: async () => parts,
      scanViruses: async () => virus,
      scanContent: async () => virus,
    };
    const av_scanners = scanner
      ? [{ name: "ClamAV", type: "clamd" as const, address: "127.0.0.1:3310", timeout: 30, connections: 10 }]
      : [];
    const mail = judged(two, { bank: bankWith({ av_scanners, ...settings }) });
    const facts = await createInspect(needs)(mail);
    assert.deepEqual(Object.keys(facts.content), found);
    assert.deepEqual(facts.verifications, mail.facts.verifications);
    if (found.length === 0) assert.equal(facts, mail.facts);
  });
}

test("content that scanners do not get at by themselves is shown to them as well, and is nowhere kept", async () => {
  const clean = { names: [], answers: [], failed: false, cached: true };
  const infected = { ...virus, answers: [{ scanner: "ClamAV", result: "infected" as const, detail: ["Eicar"] }] };
  const pieces = [Buffer.from("one"), Buffer.from("two")];
  const shown: string[] = [];
  const inspected = async (isWhole: boolean, whole = clean) =>
    (
      await createInspect({
        headerFaults: () => [],
        bansNames: () => true,
        lookIntoParts: () => ({ ...parts, forScanners: { pieces, isWhole } }),
        scanViruses: () => whole,
        scanContent(_mail, octets) {
          shown.push(Buffer.from(octets).toString());
          return shown.length === 2 ? infected : clean;
        },
      })(judged(two, { bank: bankWith({ av_scanners: [clamd] }) }))
    ).content;
  assert.deepEqual(await inspected(true), { headerFaults: [], parts, virus: infected });
  assert.deepEqual(shown, ["one", "two"]);
  assert.deepEqual((await inspected(false)).parts?.unchecked[0]?.reason, "over-limits");
  shown.length = 0;
  assert.deepEqual((await inspected(true, { ...clean, names: [...virus.names] as never[] })).parts, parts);
  assert.deepEqual(shown, []);
});
