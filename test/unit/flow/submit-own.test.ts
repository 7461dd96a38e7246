import assert from "node:assert/strict";
import { test } from "node:test";
import { createSigning } from "../../../src/flow/stages/sign-mail.ts";
import { createSubmitOwn, type OwnMail } from "../../../src/flow/submit-own.ts";
import type { Outgoing } from "../../../src/relay/delivery.ts";
import { createSigner } from "../../../src/signing/choose.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import type { Reply } from "../../../src/smtp/reply.ts";
import { envelopeFrom, messageFrom } from "../../support/relay-mail.ts";
import { filesOf, rsaPem, systemError } from "../signing/keys.ts";
import { bankWith, delivery, hop, later, no, ok, otherHop } from "./mails.ts";

const files = filesOf({ "/k/rsa": rsaPem, "/k/locked": systemError("EACCES") });
// Of mail that came from outside: its notification is ours nevertheless.
const bank = bankWith({ enable_dkim_signing: true });

interface Scene {
  readonly file?: string;
  readonly reply?: Reply;
  readonly nextHops?: OwnMail["nextHops"];
  readonly kind?: OwnMail["kind"];
}

async function submit({ file = "/k/rsa", reply = ok, nextHops = [hop, otherHop], kind = "dsn" }: Scene) {
  const { keyring } = loadKeyring({ dkim_keys: [{ domain: "here.example", selector: "s1", file }] }, files);
  const sent: Outgoing[] = [];
  const counted: string[] = [];
  const submitOwn = createSubmitOwn({
    signer: createSigner(keyring),
    signAsPlanned: createSigning({
      engine: {
        sign: async ({ requests }) =>
          requests.map(({ domain, signedAt }) => `DKIM-Signature: d=${domain}; t=${signedAt}\r\n`),
      },
      digestBody: () => assert.fail("the body is short"),
    }),
    async relay(outgoing, proceed) {
      sent.push(...outgoing);
      assert.equal(proceed([[ok]]), true);
      // A release goes to all or to nobody.
      assert.equal(proceed([[ok, no]]), kind !== "release");
      return outgoing.map(() => delivery(reply));
    },
    observe: (kind, result) => counted.push(`${kind} ${result}`),
  });
  const result = await submitOwn({
    kind,
    envelope: envelopeFrom("", "joe@there.example"),
    message: messageFrom("From: postmaster@here.example\r\n\r\nsorry\r\n"),
    bank,
    nextHops,
    writtenAtMs: 1_700_000_000_900,
    deadlineMs: 5000,
  });
  return { result, sent, counted };
}

test("mail of ours is signed, goes out in nobody's name, and is counted", async () => {
  const { result, sent, counted } = await submit({});
  assert.equal(result, "sent");
  assert.deepEqual(counted, ["dsn sent"]);
  const [outgoing] = sent;
  assert.equal(
    Buffer.from(outgoing?.message.header ?? []).toString(),
    "DKIM-Signature: d=here.example; t=1700000000\r\nFrom: postmaster@here.example\r\n",
  );
  assert.deepEqual([outgoing?.nextHop, outgoing?.failover], [hop, [otherHop]]);
  assert.equal(outgoing?.session, undefined);
  assert.equal(outgoing?.deadlineMs, 5000);
});

for (const kind of ["quarantine", "release"] as const) {
  test(`${kind}: what others wrote is not signed in our name`, async () => {
    const { result, sent, counted } = await submit({ kind });
    assert.equal(result, "sent");
    assert.deepEqual(counted, [`${kind} sent`]);
    assert.equal(Buffer.from(sent[0]?.message.header ?? []).toString(), "From: postmaster@here.example\r\n");
  });
}

for (const [title, scene, expected, transactions] of [
  ["the next hop refuses it for good", { reply: no }, "refused", 1],
  ["the next hop puts it off", { reply: later }, "put-off", 1],
  ["a key that must sign it cannot be read: it never leaves unsigned", { file: "/k/locked" }, "put-off", 0],
  ["notify_method names no next hop", { nextHops: [] }, "refused", 0],
] as const) {
  test(`${title}: ${expected}`, async () => {
    const { result, sent, counted } = await submit(scene);
    assert.equal(result, expected);
    assert.equal(sent.length, transactions);
    assert.deepEqual(counted, [`dsn ${expected}`]);
  });
}
