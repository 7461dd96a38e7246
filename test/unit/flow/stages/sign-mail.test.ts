import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../../src/checks/check.ts";
import type { SignJob } from "../../../../src/dkim/engine.ts";
import type { Leaving, Signed } from "../../../../src/flow/mail.ts";
import { createSigning, createSignStage } from "../../../../src/flow/stages/sign-mail.ts";
import type { MemoryBody } from "../../../../src/mail/message.ts";
import type { PolicyBank } from "../../../../src/policy/bank.ts";
import { createSigner } from "../../../../src/signing/choose.ts";
import type { KeyDeclaration } from "../../../../src/signing/key-settings.ts";
import { loadKeyring } from "../../../../src/signing/load-keyring.ts";
import { signed as verified } from "../../policy/mail.ts";
import { ed25519Pem, filesOf, rsaPem, systemError } from "../../signing/keys.ts";
import { arrivalUnder, bankWith, hop, judged, otherHop } from "../mails.ts";

const files = filesOf({ "/k/rsa": rsaPem, "/k/ed": ed25519Pem, "/k/locked": systemError("EACCES") });
const ours = bankWith({ originating: true, enable_dkim_signing: true });
const key = (selector: string, file: string): KeyDeclaration => ({ domain: "there.example", selector, file });
const received = { add: ["Received: by us\r\n"], remove: [], replace: [] };
const leaving: readonly Leaving[] = [{ recipients: [0], edits: received, nextHops: [hop] }];

interface Scene {
  readonly bank?: PolicyBank;
  readonly keys?: readonly KeyDeclaration[];
  readonly leaving?: readonly Leaving[];
  readonly carried?: readonly string[];
  /** The mail was released, and comes past us again. */
  readonly released?: string;
}

async function sign(scene: Scene) {
  const { bank = ours, keys = [key("s1", "/k/rsa")], leaving: given = leaving, carried = [], released } = scene;
  const { keyring } = loadKeyring({ dkim_keys: keys }, files);
  const signer = createSigner(keyring);
  const jobs: SignJob[] = [];
  const stage = createSignStage(
    createSigning({
      engine: {
        async sign(job) {
          jobs.push(job);
          return job.requests.map(({ domain, selector }) => `DKIM-Signature: d=${domain}; s=${selector}\r\n`);
        },
      },
      digestBody: () => assert.fail("the body is short"),
    }),
    (_mail, unchanged) => ({ leaving: unchanged }),
  );
  const plain = judged();
  const mail = judged(
    {},
    {
      bank,
      facts: {
        ...noFacts,
        verifications: carried.map((domain) => verified(domain)),
        content: released === undefined ? {} : { released },
      },
      arrival: arrivalUnder(bank, {
        signerUnder: (under) =>
          signer.choose({ head: plain.transaction.message, mailFrom: "joe@there.example", bank: under }),
      }),
    },
  );
  return { signed: await stage(mail, given), jobs, mail };
}

function left(signed: Signed): readonly Leaving[] {
  assert.ok("leaving" in signed);
  return signed.leaving;
}

test("the signature covers the octets that leave, and goes above all other fields", async () => {
  const { signed, jobs, mail } = await sign({});
  const [job] = jobs;
  assert.equal(
    Buffer.from(job?.header ?? []).toString("latin1"),
    "Received: by us\r\nFrom: joe@there.example\r\nSubject: x\r\n",
  );
  assert.ok(job?.header.buffer instanceof SharedArrayBuffer, "for the workers");
  const { chunks } = mail.transaction.message.body as MemoryBody;
  assert.deepEqual(job.body, { chunks });
  assert.equal(job.requests[0]?.signedAt, 1_700_000_000);
  assert.deepEqual(left(signed)[0]?.edits.add, ["DKIM-Signature: d=there.example; s=s1\r\n", "Received: by us\r\n"]);
  assert.deepEqual(signed.signings, [
    { result: "signed", domain: "there.example", selector: "s1", algorithm: "rsa-sha256" },
  ]);
});

test("mail that leaves in two ways is signed for each", async () => {
  const other = { recipients: [1], edits: { ...received, add: [] }, nextHops: [otherHop] };
  const { signed, jobs } = await sign({ leaving: [...leaving, other] });
  assert.deepEqual(
    jobs.map(({ header }) => header.length),
    [54, 37],
  );
  assert.deepEqual(
    left(signed).map(({ recipients, edits, nextHops }) => [recipients, edits.add.length, nextHops]),
    [
      [[0], 2, [hop]],
      [[1], 1, [otherHop]],
    ],
  );
  assert.equal(signed.signings.length, 1);
});

test("mail that differs in its next hops alone is signed once", async () => {
  const other = { recipients: [1], edits: received, nextHops: [otherHop] };
  const { signed, jobs } = await sign({ leaving: [...leaving, other] });
  assert.equal(jobs.length, 1);
  const [one, two] = left(signed);
  assert.equal(one?.edits, two?.edits);
  assert.deepEqual(two?.nextHops, [otherHop]);
});

test("what was released is not signed, though the MTA brings it like mail of ours", async () => {
  const { signed, jobs } = await sign({ released: "t5bDoRaO1a6J" });
  assert.deepEqual([signed.signings, jobs], [[{ result: "skipped", reason: "not-originating" }], []]);
  assert.deepEqual(left(signed), leaving);
});

test("a key that must sign and cannot be read keeps the mail from leaving, also beside one that can", async () => {
  for (const keys of [[key("s1", "/k/locked")], [key("s1", "/k/locked"), key("s2", "/k/rsa")]]) {
    const { signed, jobs } = await sign({ keys });
    assert.ok("refused" in signed);
    assert.equal(signed.refused.code, 451);
    assert.deepEqual(
      signed.signings.map((each) => each.result === "skipped" && each.reason),
      ["key-unavailable"],
    );
    assert.deepEqual(jobs, []);
  }
});

for (const [reason, scene] of [
  ["not-originating", { bank: bankWith({ enable_dkim_signing: true }) }],
  ["signing-disabled", { bank: bankWith({ originating: true, enable_dkim_signing: false }) }],
  ["no-key-for-domain", { keys: [] }],
  ["already-signed", { carried: ["there.example"] }],
] as const) {
  test(`mail leaves as it is, ${reason}`, async () => {
    const { signed, jobs } = await sign(scene);
    assert.equal(left(signed), leaving);
    assert.deepEqual(
      signed.signings.map((each) => each.result === "skipped" && each.reason),
      [reason],
    );
    assert.deepEqual(jobs, []);
  });
}

test("what goes nowhere is not signed, and nobody is asked who would", async () => {
  const { signed, jobs } = await sign({ leaving: [] });
  assert.deepEqual(signed, { leaving: [], signings: [] });
  assert.deepEqual(jobs, []);
});

test("amavisd's lines on signing are made at log level 2", async () => {
  assert.equal((await sign({})).signed.lines, undefined);
  const talkative = bankWith({ originating: true, enable_dkim_signing: true, log_level: 2 });
  assert.match((await sign({ bank: talkative })).signed.lines?.[0] ?? "", /^dkim: signing \(author\)/);
  assert.match((await sign({ bank: talkative, keys: [] })).signed.lines?.[0] ?? "", /^dkim: not signing/);
});
