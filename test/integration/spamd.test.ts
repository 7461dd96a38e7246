// The spamd client with a spamd that does what real ones do in bad hours.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { SpamClient, SpamScan } from "../../src/scanners/spam-question.ts";
import { createSpamdClient } from "../../src/scanners/spamd.ts";
import type { ScannerTrouble } from "../../src/scanners/trouble.ts";
import { parsePeerAddress } from "../../src/settings/peer-address.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { memoryMail, spooledMail, wholeMail } from "../support/scanned-mail.ts";
import { spamQuestion, spfPass, verified } from "../support/spam-question.ts";

const now = () => performance.now();
const deadline = () => now() + 60_000;

function clientOf(t: TestContext, text: string, timeoutMs = 30_000, connections = 4): SpamClient {
  const address = parsePeerAddress(text);
  assert.ok(address !== undefined);
  const client = createSpamdClient({ name: "SpamAssassin", address, timeoutMs, connections }, { now });
  t.after(() => client.close());
  return client;
}

async function started(
  t: TestContext,
  timeoutMs = 30_000,
  connections = 4,
): Promise<{ spamd: FakeSpamd; client: SpamClient }> {
  const spamd = await startFakeSpamd();
  t.after(() => spamd.close());
  return { spamd, client: clientOf(t, spamd.address, timeoutMs, connections) };
}

function troubleOf(outcome: SpamScan | ScannerTrouble): string {
  return "trouble" in outcome ? outcome.trouble : `${outcome.score}`;
}

test("a mail goes whole below the fields that tell its envelope and what was verified", async (t) => {
  const { spamd, client } = await started(t);
  spamd.script = () => spamdReply(7.5, "A,B=1.5");
  for (const message of [memoryMail(), spooledMail(Buffer.alloc(1_000_000, "x\r\n"))]) {
    const outcome = await client.score(
      spamQuestion({ message, user: "amavis", verified: verified(spfPass) }),
      deadline(),
    );
    assert.deepEqual(outcome, {
      score: 7.5,
      required: 5,
      tests: [{ name: "A" }, { name: "B", score: 1.5 }],
      autolearn: "no",
    });
    const request = spamd.requests.at(-1);
    assert.deepEqual(request?.head.slice(0, 1), ["HEADERS SPAMC/1.5"]);
    assert.ok(request?.head.includes("User: amavis"));
    const whole = await wholeMail(message);
    assert.deepEqual(request?.content.subarray(-whole.length), whole);
    const top = request?.content.subarray(0, -whole.length).toString();
    assert.match(
      top ?? "",
      /^Return-Path: <a@example.com>\r\n[\s\S]*\r\nAuthentication-Results: filter[\s\S]*spf=pass[^\r]*\r\n$/,
    );
  }
});

test("of a large mail a truncated copy, with the length that it has", async (t) => {
  const { spamd, client } = await started(t);
  for (const message of [memoryMail("x".repeat(900_000)), spooledMail(Buffer.alloc(900_000, "x"))]) {
    assert.equal(troubleOf(await client.score(spamQuestion({ message, bodyLimit: 100_000 }), deadline())), "0.5");
    const content = spamd.requests.at(-1)?.content.toString() ?? "";
    assert.ok(content.endsWith(`\r\n\r\n${"x".repeat(100_000)}\r\n`));
  }
});

test("by a unix socket as well", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-spamd-"));
  const spamd = await startFakeSpamd(join(folder, "spamd.sock"));
  assert.equal(troubleOf(await clientOf(t, spamd.address).score(spamQuestion(), deadline())), "0.5");
  await spamd.close();
  await rm(folder, { recursive: true });
});

test("several mails at once, never more than it has children for", async (t) => {
  const { spamd, client } = await started(t, 30_000, 2);
  let most = 0;
  spamd.script = () => {
    most = Math.max(most, spamd.open);
    return undefined;
  };
  const all = await Promise.all(Array.from({ length: 12 }, () => client.score(spamQuestion(), deadline())));
  assert.ok(all.every((outcome) => troubleOf(outcome) === "0.5"));
  assert.equal(spamd.requests.length, 12);
  assert.ok(most <= 3, "one may be closing");
});

test("nobody there: said at once", async (t) => {
  const client = clientOf(t, `127.0.0.1:${await freePort()}`);
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "connect");
});

const moreThanSocketsHold = 24_000_000;

const faults: Readonly<
  Record<string, { readonly fault: Partial<Pick<FakeSpamd, "script" | "onContent">>; readonly trouble: string }>
> = {
  "it hangs up instead of an answer": { fault: { script: () => ({ end: "close" }) }, trouble: "closed" },
  "it resets the connection": { fault: { script: () => ({ end: "reset" }) }, trouble: "closed" },
  "it dies in the middle of its answer": {
    fault: { script: () => ({ octets: spamdReply(99, "A").slice(0, -20), end: "close" }) },
    trouble: "closed",
  },
  "it stops in the middle of its answer": {
    fault: { script: () => ({ octets: spamdReply(99, "A").slice(0, -20), end: "silent" }) },
    trouble: "timeout",
  },
  "it talks another protocol": { fault: { script: () => "HTTP/1.1 400 Bad Request\r\n\r\n" }, trouble: "garbage" },
  "its head has no end": {
    fault: { script: () => "SPAMD/1.1 0 EX_OK\r\n".padEnd(1_000_000, "X: y\r\n") },
    trouble: "garbage",
  },
  "it refuses": { fault: { script: () => "SPAMD/1.0 75 Busy\r\n" }, trouble: "refused" },
  "it refuses before the mail is whole": {
    fault: { onContent: () => "SPAMD/1.0 76 Bad header line\r\n" },
    trouble: "refused",
  },
  "it answers before the mail is whole": { fault: { onContent: () => spamdReply(0, "none") }, trouble: "garbage" },
  "it dies while the mail comes in": { fault: { onContent: () => ({ end: "reset" }) }, trouble: "closed" },
};

for (const [what, { fault, trouble }] of Object.entries(faults)) {
  test(`unscored: ${what}`, async (t) => {
    const { spamd, client } = await started(t, trouble === "timeout" ? 300 : 30_000);
    Object.assign(spamd, fault);
    const outcome = await client.score(
      spamQuestion({ message: spooledMail(Buffer.alloc(moreThanSocketsHold, "x")) }),
      deadline(),
    );
    assert.equal(troubleOf(outcome), trouble, JSON.stringify(outcome));
    assert.equal(client.counts().inUse, 0);
    if (trouble === "timeout") return;
    Object.assign(spamd, { script: () => undefined, onContent: () => undefined });
    assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "0.5");
  });
}

test("it may answer before the file of a spooled mail is closed: it has all of it", async (t) => {
  const { spamd, client } = await started(t);
  spamd.script = () => spamdReply(7.5, "A");
  const answered = async () => {
    while (spamd.open > 0) await new Promise(setImmediate);
  };
  const message = spooledMail(Buffer.from("A line.\r\n".repeat(20_000)), undefined, undefined, answered);
  assert.equal(troubleOf(await client.score(spamQuestion({ message }), deadline())), "7.5");
});

test("a header section without end is no trouble: the score stands before it", async (t) => {
  const { spamd, client } = await started(t);
  spamd.script = () => {
    const octets = spamdReply(7.5, "A", 5, "X-Long: y\r\n".repeat(50_000)).replace(
      /Content-length: \d+/,
      "Content-length: 99999999",
    );
    return { octets, end: "silent" };
  };
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "7.5");
});

test("a spool that cannot be read again leaves the mail unscored", async (t) => {
  const { client } = await started(t);
  const message = spooledMail(Buffer.alloc(1_000_000, "x"), 65_536, new Error("EIO: i/o error, read"));
  assert.deepEqual(await client.score(spamQuestion({ message }), deadline()), {
    trouble: "unreadable",
    detail: "EIO: i/o error, read",
  });
});

test("hung: mails go on at once when it does not answer a ping, and it is asked again when it does", async (t) => {
  const { spamd, client } = await started(t, 1000, 2);
  spamd.isHung = true;
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => client.score(spamQuestion(), deadline())));
  assert.ok(outcomes.every((outcome) => "trouble" in outcome));
  while (!client.counts().isDown) await new Promise(setImmediate);
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "down");
  spamd.isHung = false;
  while (client.counts().isDown) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(spamd.pings, 1);
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "0.5");
});

test("close ends what is under way", async (t) => {
  const { spamd, client } = await started(t);
  spamd.script = () => ({ end: "silent" });
  const outcome = client.score(spamQuestion(), deadline());
  while (spamd.requests.length === 0) await new Promise(setImmediate);
  client.close();
  assert.equal(troubleOf(await outcome), "shutting-down");
});
