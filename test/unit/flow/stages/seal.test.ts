import assert from "node:assert/strict";
import { test } from "node:test";
import type { SealJob, SealReport } from "../../../../src/authres/authenticator.ts";
import type { Finding } from "../../../../src/authres/finding.ts";
import type { Leaving } from "../../../../src/flow/mail.ts";
import { createSeal } from "../../../../src/flow/stages/seal.ts";
import { loadKeyring } from "../../../../src/signing/load-keyring.ts";
import { filesOf, rsaPem } from "../../signing/keys.ts";
import { bankWith, hop, judged } from "../mails.ts";

const { keyring } = loadKeyring(
  { dkim_keys: [{ domain: "here.example", selector: "seal", file: "/k/rsa" }] },
  filesOf({ "/k/rsa": rsaPem }),
);
const sealing = bankWith({ arc_seal: true, myhostname: "mx.here.example" });
const arc = (result: Finding["result"]): Finding => ({ method: "arc", result, properties: [] });
const leaving: readonly Leaving[] = [
  { recipients: [0], edits: { add: ["DKIM-Signature: x\r\n"], remove: [], replace: [] }, nextHops: [hop] },
];

interface Scene {
  readonly findings?: readonly Finding[];
  readonly mydomain?: string | null;
  readonly report?: SealReport;
  readonly bank?: typeof sealing;
  readonly leaving?: readonly Leaving[];
}

async function seal({ findings = [arc("none")], mydomain = "here.example", report, bank = sealing, ...more }: Scene) {
  const jobs: SealJob[] = [];
  const stage = createSeal({
    authenticator: {
      async seal(job) {
        jobs.push(job);
        return report ?? { result: "sealed", fields: ["ARC-Seal: 1\r\n", "ARC-Message-Signature: 1\r\n"] };
      },
    },
    keyring,
    mydomain,
    digestBody: () => assert.fail("the body is short"),
  });
  const mail = judged({}, { bank, facts: { findings, verifications: [], content: {} } });
  return { sealed: await stage(mail, more.leaving ?? leaving), jobs };
}

test("the set covers the signature and goes above it", async () => {
  const { sealed, jobs } = await seal({});
  assert.match(Buffer.from(jobs[0]?.header ?? []).toString("latin1"), /^DKIM-Signature: x\r\nFrom: /);
  assert.equal(jobs[0]?.chain, "none");
  assert.deepEqual(sealed.leaving[0]?.edits.add, [
    "ARC-Seal: 1\r\n",
    "ARC-Message-Signature: 1\r\n",
    "DKIM-Signature: x\r\n",
  ]);
  assert.deepEqual(sealed.seal, { result: "sealed", domain: "here.example", selector: "seal", chain: "none" });
});

for (const [reason, scene] of [
  ["chain-unknown", { findings: [] }],
  ["chain-unknown", { findings: [arc("temperror")] }],
  ["no-sealing-key", { mydomain: "elsewhere.example", bank: bankWith({ arc_seal: true, myhostname: "x.example" }) }],
  ["too-many-sets", { report: { result: "refused", reason: "too-many-sets" } }],
] as const) {
  test(`mail that cannot be sealed leaves as it is: ${reason}`, async () => {
    const { sealed } = await seal(scene);
    assert.deepEqual(sealed.leaving, leaving);
    assert.deepEqual(sealed.seal, { result: "skipped", reason });
  });
}

test("nothing is said of a seal where the bank asks for none, or nothing leaves", async () => {
  assert.deepEqual((await seal({ bank: bankWith() })).sealed, { leaving });
  assert.deepEqual((await seal({ leaving: [] })).sealed, { leaving: [] });
});
