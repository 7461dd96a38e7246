import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../../src/authres/finding.ts";
import { formatAuthenticationResults } from "../../../../src/authres/print.ts";
import { noFacts } from "../../../../src/checks/check.ts";
import type { Signed, SigningRecord } from "../../../../src/flow/mail.ts";
import { assumeGood } from "../../../../src/flow/stages/assume-good.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, hop, judged } from "../mails.ts";

const none: Finding = { method: "dkim", result: "none", properties: [] };
const failed: Finding = { method: "dkim", result: "fail", properties: [] };
const passed: Finding = { method: "dkim", result: "pass", properties: [] };
const spf: Finding = { method: "spf", result: "pass", properties: [] };
const made: SigningRecord = { result: "signed", domain: "here.example", selector: "s", algorithm: "rsa-sha256" };
const signature = "DKIM-Signature: x\r\n";

/** What is put on mail of a local recipient and of another one, whose results are those of `findings`. */
function leaves(findings: readonly Finding[], signings: readonly SigningRecord[], settings: BankOverlay = {}) {
  const bank = bankWith({ myhostname: "mx.here.example", ...settings });
  const mail = judged({}, { bank, facts: { ...noFacts, findings } });
  const local = [signature, formatAuthenticationResults("mx.here.example", findings), "Received: x\r\n"];
  const edits = (add: readonly string[]) => ({
    recipients: [0],
    nextHops: [hop],
    edits: { add, remove: [], replace: [] },
  });
  const signed: Signed = { signings, leaving: [edits(local), edits([signature, "Received: x\r\n"])] };
  const after = assumeGood(mail, signed);
  assert.ok("leaving" in after);
  return { same: after === signed, add: after.leaving.map((each) => each.edits.add) };
}

test("a signature just made stands where none was found; all else stays", () => {
  const { add } = leaves([spf, none], [made]);
  const told =
    "Authentication-Results: mx.here.example;\r\n\tspf=pass;\r\n" +
    "\tdkim=pass (just generated, assumed good) header.d=here.example header.s=s\r\n\theader.a=rsa-sha256\r\n";
  assert.deepEqual(add, [
    [signature, told, "Received: x\r\n"],
    [signature, "Received: x\r\n"],
  ]);
});

test("a list's signature stands behind the author's, which the list has broken", () => {
  const [local] = leaves([failed, spf], [made]).add;
  assert.match(
    local?.[1] ?? "",
    /dkim=fail;\s+dkim=pass \(just generated, assumed good\) header\.d=here\.example [^;]*;\s+spf=pass/,
  );
});

test("each of several signatures is told", () => {
  const [local] = leaves([none], [made, { ...made, selector: "e", algorithm: "ed25519-sha256" }]).add;
  assert.equal(local?.[1]?.match(/dkim=pass/g)?.length, 2);
});

for (const [title, findings, signings, settings] of [
  ["mail that came with a signature that holds keeps what was found", [failed, passed], [made], {}],
  ["mail that nothing verified keeps it", [spf], [made], {}],
  ["mail that was not signed keeps it", [none], [{ result: "skipped", reason: "not-originating" }], {}],
  [
    "a field that our signature covers is not touched",
    [none],
    [made],
    { signed_header_fields: { "authentication-results": 1 } },
  ],
] as const) {
  test(title, () => assert.equal(leaves(findings, signings, settings).same, true));
}
