import assert from "node:assert/strict";
import { test } from "node:test";
import { withOwnScanners } from "../../../src/amavis/own-scanners.ts";

const clamd = ["ClamAV-clamd", "&ask_daemon", ["CONTSCAN {}\n", "/run/clamav/clamd.ctl"], { regexp: ["OK$"] }];
const ownClamd = { name: "ClamAV-clamd", type: "clamd", address: "/run/clamav/clamd.ctl" };

test("amavisd's entries become ours, in banks too", () => {
  assert.deepEqual(
    withOwnScanners({
      myhostname: "mail.example.com",
      av_scanners: [clamd, ownClamd],
      policy_bank: { A: { spam_scanners: [["S", "Amavis::SpamControl::SpamAssassin"]] }, B: null },
    }),
    {
      myhostname: "mail.example.com",
      av_scanners: [ownClamd, ownClamd],
      policy_bank: { A: { spam_scanners: [{ name: "S", type: "spamd" }] }, B: null },
    },
  );
});

test("what cannot be taken stays, for its error to name", () => {
  const settings = { av_scanners_backup: [["ClamAV-clamscan", "clamscan", "{}"], null], spam_scanners: "x" };
  assert.deepEqual(withOwnScanners(settings), settings);
});
