// The clamd client with a clamd that does what real ones do in bad hours.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createClamdClient, type Scan } from "../../src/scanners/clamd.ts";
import type { ScannerTrouble } from "../../src/scanners/trouble.ts";
import { parsePeerAddress } from "../../src/settings/peer-address.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { memoryMail, spooledMail, wholeMail } from "../support/scanned-mail.ts";

const now = () => performance.now();
const clean: Scan = { result: "clean" };

interface Asked {
  readonly clamd: FakeClamd;
  readonly client: ReturnType<typeof createClamdClient>;
  readonly states: readonly string[];
}

async function started(t: TestContext, timeoutMs = 30_000, connections = 4): Promise<Asked> {
  const clamd = await startFakeClamd();
  const asked = { clamd, ...clientOf(t, clamd.address, timeoutMs, connections) };
  t.after(() => clamd.close());
  return asked;
}

function clientOf(t: TestContext, text: string, timeoutMs = 30_000, connections = 4): Omit<Asked, "clamd"> {
  const address = parsePeerAddress(text);
  assert.ok(address !== undefined);
  const states: string[] = [];
  const client = createClamdClient(
    { name: "ClamAV", address, timeoutMs, connections },
    { now, changed: (scanner, state) => states.push(`${scanner} ${state}`) },
  );
  t.after(() => client.close());
  return { client, states };
}

const deadline = () => now() + 60_000;

function troubleOf(outcome: Scan | ScannerTrouble): string {
  return "trouble" in outcome ? outcome.trouble : outcome.result;
}

test("mails go whole through one kept session, in chunks that clamd takes", async (t) => {
  const { clamd, client } = await started(t);
  const large = Buffer.alloc(3_000_000, "An octet or two. ");
  for (const mail of [memoryMail(), memoryMail(large), spooledMail(large), memoryMail("")]) {
    assert.deepEqual(await client.scan(mail, deadline()), clean);
    assert.deepEqual(clamd.mails.at(-1)?.octets, await wholeMail(mail));
  }
  assert.ok(clamd.mails.flatMap(({ chunks }) => chunks).every((length) => length <= 32_764));
  assert.equal(clamd.connections, 1);
  assert.deepEqual(client.counts(), { inUse: 0, waiting: 0, isDown: false, idle: 1 });
});

test("by a unix socket as well", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-clamd-"));
  const clamd = await startFakeClamd(join(folder, "clamd.ctl"));
  const { client } = clientOf(t, clamd.address);
  assert.deepEqual(await client.scan(memoryMail(), deadline()), clean);
  client.close();
  await clamd.close();
  await rm(folder, { recursive: true });
});

test("names are told", async (t) => {
  const { clamd, client } = await started(t);
  clamd.script = () => "stream: Eicar-Signature FOUND";
  assert.deepEqual(await client.scan(memoryMail(), deadline()), { result: "infected", names: ["Eicar-Signature"] });
});

test("several mails at once, each on a connection of its own, never more than it is given", async (t) => {
  const { clamd, client } = await started(t, 30_000, 3);
  let most = 0;
  clamd.script = () => {
    most = Math.max(most, client.counts().inUse);
    return undefined;
  };
  const mails = Array.from({ length: 20 }, (_, index) => memoryMail(`Mail ${index}.\r\n`.repeat(2000)));
  const outcomes = await Promise.all(mails.map((mail) => client.scan(mail, deadline())));
  assert.ok(outcomes.every((outcome) => troubleOf(outcome) === "clean"));
  assert.equal(clamd.connections, 3);
  assert.equal(most, 3);
  const seen = clamd.mails.map(({ octets }) => octets.toString()).sort();
  assert.deepEqual(seen, (await Promise.all(mails.map(wholeMail))).map(String).sort());
});

test("nobody there: said at once, and the next mail asks again", async (t) => {
  const port = await freePort();
  const { client } = clientOf(t, `127.0.0.1:${port}`);
  for (let i = 0; i < 5; i += 1) assert.equal(troubleOf(await client.scan(memoryMail(), deadline())), "connect");
  const clamd = await startFakeClamd(port);
  t.after(() => clamd.close());
  assert.deepEqual(await client.scan(memoryMail(), deadline()), clean);
});

test("a kept session that clamd has ended costs a mail nothing but a connection", async (t) => {
  const { clamd, client } = await started(t);
  await client.scan(memoryMail(), deadline());
  clamd.script = ({ connection }) => (connection === 1 ? "close" : undefined);
  assert.deepEqual(await client.scan(memoryMail("second"), deadline()), clean);
  assert.equal(clamd.connections, 2);
});

test("words that nobody asked for end an idle session", async (t) => {
  const { clamd, client } = await started(t);
  clamd.script = () => ({ raw: "1: stream: OK\0" });
  await client.scan(memoryMail(), deadline());
  clamd.hangUp();
  while (clamd.open > 0 || client.counts().idle > 0) await new Promise(setImmediate);
  assert.deepEqual(await client.scan(memoryMail(), deadline()), clean);
});

const moreThanSocketsHold = 24_000_000;

const faults: Readonly<
  Record<string, { readonly fault: Partial<Pick<FakeClamd, "script" | "onChunk">>; readonly trouble: string }>
> = {
  "it ends the connection instead of an answer": { fault: { script: () => "close" }, trouble: "closed" },
  "it resets the connection": { fault: { script: () => "reset" }, trouble: "closed" },
  "it talks another protocol": { fault: { script: () => ({ raw: "HTTP/1.1 400 Bad\r\n\r\n\0" }) }, trouble: "garbage" },
  "its answer has no end": {
    fault: { script: () => ({ raw: "1: stream: ".padEnd(10_000, "x") }) },
    trouble: "garbage",
  },
  "it ends in the middle of its answer": { fault: { script: () => ({ raw: "1: stream: O" }) }, trouble: "timeout" },
  "it answers twice": { fault: { script: () => ({ raw: "1: stream: OK\x001: stream: OK\0" }) }, trouble: "garbage" },
  "it answers to another mail": { fault: { script: () => ({ raw: "7: stream: OK\0" }) }, trouble: "garbage" },
  "it answers a line, not a word of NUL": { fault: { script: () => ({ raw: "1: stream: OK\n" }) }, trouble: "timeout" },
  "it cannot look": { fault: { script: () => "stream: Can't allocate memory ERROR" }, trouble: "refused" },
  "the mail is above its StreamMaxLength": {
    fault: { onChunk: () => "INSTREAM size limit exceeded. ERROR" },
    trouble: "too-large",
  },
  "it says clean before the mail is whole": { fault: { onChunk: () => "stream: OK" }, trouble: "garbage" },
  "it dies while the mail comes in": { fault: { onChunk: () => "reset" }, trouble: "closed" },
};

for (const [what, { fault, trouble }] of Object.entries(faults)) {
  test(`failed, never clean: ${what}`, async (t) => {
    const { clamd, client } = await started(t, trouble === "timeout" ? 300 : 30_000);
    Object.assign(clamd, fault);
    const outcome = await client.scan(spooledMail(Buffer.alloc(moreThanSocketsHold, "x")), deadline());
    assert.equal(troubleOf(outcome), trouble, JSON.stringify(outcome));
    assert.deepEqual(client.counts(), { inUse: 0, waiting: 0, isDown: false, idle: 0 });
    if (trouble === "timeout") return;
    Object.assign(clamd, { script: () => undefined, onChunk: () => undefined });
    assert.deepEqual(await client.scan(memoryMail(), deadline()), clean);
  });
}

test("a spool that cannot be read again fails the mail, not the scanner", async (t) => {
  const { client } = await started(t);
  const broken = spooledMail(Buffer.alloc(1_000_000, "x"), 65_536, new Error("EIO: i/o error, read"));
  assert.deepEqual(await client.scan(broken, deadline()), { trouble: "unreadable", detail: "EIO: i/o error, read" });
  assert.deepEqual(await client.scan(memoryMail(), deadline()), clean);
});

test("hung: each of its connections is held once, then mails go on at once, until it answers again", async (t) => {
  const { clamd, client, states } = await started(t, 200, 2);
  clamd.isHung = true;
  const outcomes = await Promise.all(Array.from({ length: 12 }, () => client.scan(memoryMail(), deadline())));
  const troubles = outcomes.map(troubleOf);
  assert.ok(troubles.filter((trouble) => trouble === "timeout").length >= 3);
  while (!client.counts().isDown) await new Promise(setImmediate);
  assert.equal(troubleOf(await client.scan(memoryMail(), deadline())), "down");
  assert.deepEqual(states, ["ClamAV down"]);
});

test("slow, but within its time: waited for", async (t) => {
  const { clamd, client } = await started(t, 30_000, 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  clamd.script = async () => {
    await promise;
    return undefined;
  };
  const first = client.scan(memoryMail("one"), deadline());
  const second = client.scan(memoryMail("two"), deadline());
  while (clamd.mails.length === 0) await new Promise(setImmediate);
  assert.deepEqual(client.counts(), { inUse: 1, waiting: 1, isDown: false, idle: 0 });
  resolve();
  assert.deepEqual(await Promise.all([first, second]), [clean, clean]);
});

test("the mail's own deadline ends the wait, also for a connection", async (t) => {
  const { clamd, client } = await started(t, 30_000, 1);
  clamd.script = () => "silent";
  const first = client.scan(memoryMail("one"), now() + 300);
  const second = client.scan(memoryMail("two"), now() + 100);
  assert.equal(troubleOf(await second), "busy");
  assert.deepEqual(await first, { trouble: "timeout", detail: "the time for this mail is over" });
});

test("close ends what is under way", async (t) => {
  const { clamd, client } = await started(t);
  clamd.script = () => "silent";
  const outcome = client.scan(memoryMail(), deadline());
  while (clamd.mails.length === 0) await new Promise(setImmediate);
  client.close();
  assert.equal(troubleOf(await outcome), "shutting-down");
  assert.equal(troubleOf(await client.scan(memoryMail(), deadline())), "shutting-down");
});
