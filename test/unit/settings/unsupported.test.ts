import assert from "node:assert/strict";
import { test } from "node:test";
import { unmetDemand } from "../../../src/settings/unsupported.ts";

const asking: readonly (readonly [string, unknown])[] = [
  ["final_spam_destiny", "D_REJECT"],
  ["final_destiny_maps_by_ccat", { CC_SPAM: ["D_PASS", "D_DISCARD"] }],
  ["banned_filename_re", { regexp: ["\\.exe$"] }],
  ["tls_security_level_out", "encrypt"],
  ["auth_required_inp", true],
];
const notAsking: readonly (readonly [string, unknown])[] = [
  ["av_scanners", [{ name: "ClamAV", type: "clamd" }]],
  ["final_spam_destiny", "D_PASS"],
  ["final_destiny_maps_by_ccat", { REPLACE: true, CC_SPAM: "D_PASS" }],
  ["banned_filename_re", null],
  ["tls_security_level_out", null],
  ["auth_required_inp", false],
  ["spam_admin_maps", ["root@example.com"]],
  ["constructor", true],
];

test("destinies, lists and TLS that nothing acts on are unmet demands", () => {
  for (const [name, value] of asking) assert.equal(typeof unmetDemand(name, value), "string", name);
});

test("a value that asks for nothing is no demand, nor is another setting", () => {
  for (const [name, value] of notAsking) assert.equal(unmetDemand(name, value), undefined, name);
});
