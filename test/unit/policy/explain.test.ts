import assert from "node:assert/strict";
import { test } from "node:test";
import { explainMaps } from "../../../src/policy/explain.ts";
import { allMapNames } from "../../../src/policy/map-values.ts";
import { setUp } from "./setup.ts";

test("every map that yields something is told with value, key and place", () => {
  const { base } = setUp({
    base: {
      mynetworks_maps: [["10."]],
      local_domains_maps: [[".example.com"]],
      spam_lovers_maps: [{ "ann@example.com": true }],
      banned_filename_maps: [],
      archive_quarantine_to_maps: [],
      spam_dsn_cutoff_level_bysender_maps: [{ ".": 15 }],
      dkim_signature_options_bysender_maps: [{ "x.example": { d: "y.example" }, ".": { c: "relaxed/simple" } }],
      author_to_policy_bank_maps: [{ ".x.example/@s.example": "A" }],
      signer_reputation_maps: [{ "s.example": -2 }],
      score_sender_maps: [{ ".": [{ ".x.example": -1 }, ["nobody@z"]] }],
    },
    banks: { A: {} },
  });
  const told = explainMaps(
    base,
    {
      recipients: ["joe@example.com", "ann@example.com"],
      sender: "b@bounce.example",
      authors: ["a@x.example"],
      signers: ["s.example"],
    },
    "10.1.2.3",
  );
  assert.deepEqual(
    told.map(({ map, by, address, value, key }) => [map, by, address, value, key]).toSorted(),
    [
      ["mynetworks_maps", "client", "10.1.2.3", true, "10."],
      ["local_domains_maps", "recipient", "joe@example.com", true, ".example.com"],
      ["local_domains_maps", "recipient", "ann@example.com", true, ".example.com"],
      ["spam_lovers_maps", "recipient", "ann@example.com", true, "ann@example.com"],
      ["spam_dsn_cutoff_level_bysender_maps", "sender", "b@bounce.example", 15, "."],
      ["dkim_signature_options_bysender_maps", "author", "a@x.example", [{ d: "y.example" }], "x.example"],
      ["dkim_signature_options_bysender_maps", "author", "a@x.example", [{ c: "relaxed/simple" }], "."],
      ["author_to_policy_bank_maps", "author", "a@x.example/@s.example", ["A"], ".x.example/@s.example"],
      ["signer_reputation_maps", "signer", "@s.example", -2, "s.example"],
      ["score_sender_maps", "recipient", "joe@example.com < a@x.example", -1, ".x.example"],
      ["score_sender_maps", "recipient", "ann@example.com < a@x.example", -1, ".x.example"],
    ].toSorted(),
  );
  assert.ok(told.every(({ origin }) => origin !== undefined));
});

test("every map of a bank has its type of value", () => {
  const { base } = setUp({});
  for (const name of allMapNames) assert.equal(typeof base[name].first, "function", name);
  const maps = Object.keys(base).filter((key) => /_maps$|_lookup_tables$/.test(key));
  assert.equal(allMapNames.length, maps.length - 1, "all but the list of networks");
});

test("entries by contents category are told for what the mail is to each recipient", () => {
  const { base } = setUp({
    base: {
      final_destiny_maps_by_ccat: {
        CC_SPAM: [{ "ann@example.com": "D_DISCARD" }],
        "CC_BADH,7": "D_REJECT",
        CC_VIRUS: 0,
      },
      defang_maps_by_ccat: { CC_CLEAN: 1 },
    },
  });
  const contents = new Map([
    [
      "ann@example.com",
      [
        { category: "CC_SPAM", minor: 0 },
        { category: "CC_BADH", minor: 7 },
        { category: "CC_BADH", minor: 0 },
        { category: "CC_CLEAN", minor: 0 },
      ] as const,
    ],
  ]);
  const told = explainMaps(base, {
    recipients: ["ann@example.com", "joe@example.com"],
    sender: "a@b",
    authors: [],
    signers: [],
    contents,
  });
  assert.deepEqual(
    told
      .filter(({ map }) => map.endsWith("_by_ccat"))
      .map(({ map, address, value, key }) => [map, address, value, key]),
    [
      ["final_destiny_maps_by_ccat", "ann@example.com, CC_SPAM", "D_DISCARD", "ann@example.com"],
      ["final_destiny_maps_by_ccat", "ann@example.com, CC_BADH,7", "D_REJECT", "(constant)"],
      ["defang_maps_by_ccat", "ann@example.com, CC_CLEAN", true, "(constant)"],
      ["defang_maps_by_ccat", "joe@example.com, CC_CLEAN", true, "(constant)"],
    ],
  );
});
