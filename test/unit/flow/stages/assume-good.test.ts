import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../../src/authres/finding.ts";
import { formatAuthenticationResults } from "../../../../src/authres/print.ts";
import { noFacts } from "../../../../src/checks/check.ts";
import { findingsToShow } from "../../../../src/flow/stages/assume-good.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { createSigner } from "../../../../src/signing/choose.ts";
import { loadKeyring } from "../../../../src/signing/load-keyring.ts";
import { signed as verified } from "../../policy/mail.ts";
import { ed25519Pem, filesOf, rsaPem, systemError } from "../../signing/keys.ts";
import { arrivalUnder, bankWith, judged } from "../mails.ts";

const none: Finding = { method: "dkim", result: "none", properties: [] };
const failed: Finding = { method: "dkim", result: "fail", properties: [] };
const passed: Finding = { method: "dkim", result: "pass", properties: [] };
const spf: Finding = { method: "spf", result: "pass", properties: [] };
const files = filesOf({ "/k/rsa": rsaPem, "/k/ed": ed25519Pem, "/k/locked": systemError("EACCES") });

interface Scene {
  /** Files of the author's keys; the selector is the file's name. */
  readonly keys?: readonly string[];
  readonly settings?: BankOverlay;
  /** Domains of signatures that hold. */
  readonly carried?: readonly string[];
}

/** A mail of these findings, and what is shown of them. */
function show(findings: readonly Finding[], { keys = ["rsa"], settings = {}, carried = [] }: Scene = {}) {
  const bank = bankWith({ originating: true, enable_dkim_signing: true, ...settings });
  const declared = keys.map((name) => ({ domain: "there.example", selector: name, file: `/k/${name}` }));
  const signer = createSigner(loadKeyring({ dkim_keys: declared }, files).keyring);
  const head = judged().transaction.message;
  const mail = judged(
    {},
    {
      bank,
      facts: { ...noFacts, findings, verifications: carried.map((domain) => verified(domain)) },
      arrival: arrivalUnder(bank, {
        signerUnder: (under) => signer.choose({ head, mailFrom: "joe@there.example", bank: under }),
      }),
    },
  );
  const shown = findingsToShow(mail);
  return { shown, same: shown === findings, field: formatAuthenticationResults("mx.here.example", shown) };
}

test("a signature to come stands where none was found; all else stays", () => {
  assert.equal(
    show([spf, none]).field,
    "Authentication-Results: mx.here.example;\r\n\tspf=pass;\r\n" +
      "\tdkim=pass (just generated, assumed good) header.d=there.example header.s=rsa\r\n\theader.a=rsa-sha256\r\n",
  );
});

test("a list's signature stands behind the author's, which the list has broken", () => {
  assert.match(
    show([failed, spf]).field,
    /dkim=fail;\s+dkim=pass \(just generated, assumed good\) header\.d=there\.example [^;]*;\s+spf=pass/,
  );
});

test("each of several signatures is told", () => {
  const options = { ".": [{ a: "rsa-sha256" }, { a: "ed25519-sha256" }] };
  const scene = { keys: ["rsa", "ed"], settings: { dkim_signature_options_bysender_maps: [options] } };
  const { shown } = show([none], scene);
  assert.deepEqual(
    shown.map(({ result, properties }) => [result, properties[1]?.value]),
    [
      ["pass", "rsa"],
      ["pass", "ed"],
    ],
  );
});

for (const [title, findings, scene] of [
  ["mail that came with a signature that holds keeps what was found", [failed, passed], {}],
  ["mail that nothing verified keeps it", [spf], {}],
  ["mail that nobody signs keeps it", [none], { keys: [] }],
  ["mail that is not ours keeps it", [none], { settings: { originating: false } }],
  ["mail whose key cannot be had keeps it, and does not leave", [none], { keys: ["locked"] }],
  ["mail that carries the very signature keeps it", [failed], { carried: ["there.example"] }],
  [
    "a field that our signature covers is not touched",
    [none],
    { settings: { signed_header_fields: { "authentication-results": 1 } } },
  ],
] as const) {
  test(title, () => assert.equal(show(findings, scene).same, true));
}
