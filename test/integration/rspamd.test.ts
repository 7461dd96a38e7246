// The rspamd client with an rspamd that does what real ones do in bad hours.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createRspamdClient } from "../../src/scanners/rspamd.ts";
import type { SpamClient, SpamScan } from "../../src/scanners/spam-question.ts";
import type { ScannerTrouble } from "../../src/scanners/trouble.ts";
import { parsePeerAddress } from "../../src/settings/peer-address.ts";
import { type FakeRspamd, rspamdAnswer, startFakeRspamd } from "../support/fake-rspamd.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { memoryMail, spooledMail, wholeMail } from "../support/scanned-mail.ts";
import { dkimPass, spamQuestion, verified } from "../support/spam-question.ts";

const now = () => performance.now();
const deadline = () => now() + 60_000;

function clientOf(t: TestContext, text: string, timeoutMs = 30_000, connections = 4): SpamClient {
  const address = parsePeerAddress(text);
  assert.ok(address !== undefined);
  const client = createRspamdClient({ name: "rspamd", address, timeoutMs, connections }, { now });
  t.after(() => client.close());
  return client;
}

async function started(
  t: TestContext,
  timeoutMs = 30_000,
  connections = 4,
): Promise<{ rspamd: FakeRspamd; client: SpamClient }> {
  const rspamd = await startFakeRspamd();
  t.after(() => rspamd.close());
  return { rspamd, client: clientOf(t, rspamd.address, timeoutMs, connections) };
}

function troubleOf(outcome: SpamScan | ScannerTrouble): string {
  return "trouble" in outcome ? outcome.trouble : `${outcome.score}`;
}

test("mails go whole over one kept connection, with what is known of them", async (t) => {
  const { rspamd, client } = await started(t);
  rspamd.script = () => ({ status: 200, body: rspamdAnswer(7.5, { A: 7.5 }, "add header") });
  for (const message of [
    memoryMail(),
    spooledMail(Buffer.alloc(2_000_000, "x\r\n")),
    memoryMail(Buffer.alloc(600_000, "y")),
  ]) {
    const outcome = await client.score(spamQuestion({ message, verified: verified(dkimPass) }), deadline());
    assert.deepEqual(outcome, { score: 7.5, required: 15, tests: [{ name: "A", score: 7.5 }], action: "add header" });
    const request = rspamd.requests.at(-1);
    assert.deepEqual(request?.content, await wholeMail(message));
    assert.equal(request?.url, "/checkv2");
    const fields = request?.rawFields ?? [];
    assert.deepEqual(fields.slice(0, 6), ["Host", "rspamd", "From", "a@example.com", "Rcpt", "b@example.net"]);
    assert.ok(fields.includes("DKIM"));
  }
  assert.equal(rspamd.connections, 1);
  assert.equal(client.counts().idle, 1);
  client.retire();
  assert.equal(client.counts().idle, 0);
});

test("of a large mail a truncated copy, with the length that it has", async (t) => {
  const { rspamd, client } = await started(t);
  const message = spooledMail(Buffer.alloc(900_000, "x"));
  assert.equal(troubleOf(await client.score(spamQuestion({ message, bodyLimit: 100_000 }), deadline())), "0.5");
  assert.equal(rspamd.requests[0]?.content.length, message.header.length + 2 + 100_000);
});

test("by a unix socket as well", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-rspamd-"));
  const rspamd = await startFakeRspamd(join(folder, "rspamd.sock"));
  const client = clientOf(t, rspamd.address);
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "0.5");
  client.close();
  await rspamd.close();
  await rm(folder, { recursive: true });
});

test("several mails at once, never more than it is given", async (t) => {
  const { rspamd, client } = await started(t, 30_000, 3);
  const all = await Promise.all(Array.from({ length: 20 }, () => client.score(spamQuestion(), deadline())));
  assert.ok(all.every((outcome) => troubleOf(outcome) === "0.5"));
  assert.equal(rspamd.connections, 3);
});

test("a kept connection that it has ended costs a mail nothing but a connection", async (t) => {
  const { rspamd, client } = await started(t);
  await client.score(spamQuestion(), deadline());
  rspamd.script = ({ connection }) => (connection === 1 ? "reset" : undefined);
  assert.equal(troubleOf(await client.score(spamQuestion({ message: memoryMail("again") }), deadline())), "0.5");
  assert.equal(rspamd.connections, 2);
});

test("nobody there: said at once", async (t) => {
  const client = clientOf(t, `127.0.0.1:${await freePort()}`);
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "connect");
});

const faults: Readonly<Record<string, { readonly script: FakeRspamd["script"]; readonly trouble: string }>> = {
  "it resets the connection": { script: () => "reset", trouble: "closed" },
  "it says nothing": { script: () => "silent", trouble: "timeout" },
  "it talks another protocol": { script: () => ({ raw: "220 mail.example.com ESMTP\r\n" }), trouble: "garbage" },
  "it dies in the middle of its answer": {
    script: () => ({ raw: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" }),
    trouble: "closed",
  },
  "its answer is no JSON": { script: () => ({ status: 200, body: "pong" }), trouble: "garbage" },
  "its answer has no end": { script: () => ({ status: 200, body: " ".repeat(3_000_000) }), trouble: "garbage" },
  "it refuses": { script: () => ({ status: 503, body: '{"error":"busy"}' }), trouble: "refused" },
};

for (const [what, { script, trouble }] of Object.entries(faults)) {
  test(`unscored: ${what}`, async (t) => {
    const { rspamd, client } = await started(t, trouble === "timeout" ? 300 : 30_000);
    rspamd.script = script;
    const outcome = await client.score(spamQuestion(), deadline());
    assert.equal(troubleOf(outcome), trouble, JSON.stringify(outcome));
    assert.equal(client.counts().inUse, 0);
    if (trouble === "timeout") return;
    rspamd.script = () => undefined;
    assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "0.5");
  });
}

const early: Readonly<Record<string, { readonly answer: string; readonly trouble: string }>> = {
  "a score": {
    answer: `HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"score":0.0,"required_score":15.00}`,
    trouble: "garbage",
  },
  "a score, said to be in pieces": {
    answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    trouble: "garbage",
  },
  "a refusal": { answer: "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}", trouble: "refused" },
};
for (const [what, { answer, trouble }] of Object.entries(early)) {
  test(`before the mail is whole, ${what}: it holds no connection afterwards`, async (t) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on("error", () => {});
      // What is still to come stays with the client, and the connection open.
      socket.once("data", () => socket.pause().write(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const place = server.address();
    assert.ok(typeof place === "object" && place !== null);
    const client = clientOf(t, `127.0.0.1:${place.port}`, 30_000, 1);
    const message = spooledMail(Buffer.alloc(24_000_000, "x"));
    for (let mail = 1; mail <= 3; mail += 1) {
      assert.equal(troubleOf(await client.score(spamQuestion({ message }), deadline())), trouble);
      assert.equal(connections, mail);
    }
  });
}

test("it may answer before the file of a spooled mail is closed: it has all of it", async (t) => {
  const { rspamd, client } = await started(t);
  const closing = Promise.withResolvers<void>();
  rspamd.script = () => ({ status: 200, body: rspamdAnswer(7.5, {}) });
  const message = spooledMail(Buffer.alloc(200_000, "x"), undefined, undefined, () => closing.promise);
  const outcome = client.score(spamQuestion({ message }), deadline());
  while (rspamd.requests.length === 0) await new Promise(setImmediate);
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  closing.resolve();
  assert.equal(troubleOf(await outcome), "7.5");
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "7.5");
});

test("it dies while a large mail comes in", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const place = server.address();
  assert.ok(typeof place === "object" && place !== null);
  const client = clientOf(t, `127.0.0.1:${place.port}`);
  const message = spooledMail(Buffer.alloc(24_000_000, "x"));
  assert.equal(troubleOf(await client.score(spamQuestion({ message }), deadline())), "closed");
});

test("a spool that cannot be read again leaves the mail unscored", async (t) => {
  const { client } = await started(t);
  const message = spooledMail(Buffer.alloc(1_000_000, "x"), 65_536, new Error("EIO: i/o error, read"));
  assert.deepEqual(await client.score(spamQuestion({ message }), deadline()), {
    trouble: "unreadable",
    detail: "EIO: i/o error, read",
  });
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "0.5");
});

test("hung: mails go on at once when it does not answer a ping", async (t) => {
  const { rspamd, client } = await started(t, 1000, 2);
  rspamd.isHung = true;
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => client.score(spamQuestion(), deadline())));
  assert.ok(outcomes.every((outcome) => "trouble" in outcome));
  while (!client.counts().isDown) await new Promise(setImmediate);
  assert.equal(troubleOf(await client.score(spamQuestion(), deadline())), "down");
});

test("close ends what is under way", async (t) => {
  const { rspamd, client } = await started(t);
  rspamd.script = () => "silent";
  const outcome = client.score(spamQuestion(), deadline());
  while (rspamd.requests.length === 0) await new Promise(setImmediate);
  client.close();
  assert.equal(troubleOf(await outcome), "shutting-down");
});
