// The wall clock is set forward and back while mail is under way: no deadline, pause or kept answer goes by it, so no mail is
// put off and nobody is asked anew; signatures and what is judged by their times do.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connected, mailText, recipients, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { movingClock, setClock } from "../support/moving-clock.ts";
import { type ScannerStage, startScannerStage } from "./scanner-stage.ts";
import { connections } from "./stage.ts";

const dayMs = 86_400_000;
const jumps = [dayMs, -dayMs, 3650 * dayMs, 0] as const;

let folder = "";
let clock = "";
let scanners: ScannerStage;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signpost-clock-"));
  clock = join(folder, "clock");
  scanners = await startScannerStage(0, 'undecipherable_subject_tag: ""', movingClock(clock));
});

after(async () => {
  await scanners?.close();
  await rm(folder, { recursive: true, force: true });
});

test("set by a day and by ten years, forward and back, under load: every mail is delivered at its first try", {
  timeout: 180_000,
}, async () => {
  const { stage } = scanners;
  const ledger = await stage.run({
    name: "clock",
    count: 100,
    async meanwhile({ ledger }) {
      for (const [jump, aheadMs] of jumps.entries()) {
        await ledger.reached(20 * (jump + 1));
        setClock(clock, aheadMs);
      }
    },
  });
  assert.equal(ledger.tries, 100);
});

for (const aheadMs of [3650 * dayMs, -3650 * dayMs]) {
  test(`set by ${aheadMs / dayMs} days while every connection waits for the next hop: each gets its reply`, async () => {
    const waiting = Promise.withResolvers<void>();
    const moved = Promise.withResolvers<void>();
    let held = 0;
    const ledger = await scanners.stage.run({
      name: "clock, held",
      count: connections,
      async hop(step) {
        if (step.stage !== "dot") return undefined;
        held += 1;
        if (held === connections) waiting.resolve();
        await moved.promise;
        return undefined;
      },
      async meanwhile() {
        await waiting.promise;
        setClock(clock, aheadMs);
        moved.resolve();
      },
    });
    setClock(clock, 0);
    assert.equal(ledger.tries, connections);
  });
}

test("sessions that are idle, or in the middle of their mail, go on where they are", async () => {
  const { filter } = scanners.stage;
  const idle = await connected(filter.ports.originating);
  const sending = await connected(filter.ports.originating);
  await sending.ask("MAIL FROM:<alice@example.com>");
  await sending.ask(`RCPT TO:<${recipients[0]}>`);
  await sending.ask("DATA");
  sending.send(mailText("in two clocks"));
  for (const aheadMs of jumps) {
    setClock(clock, aheadMs);
    assert.match(await idle.ask("NOOP"), /^250 /);
    sending.send("another line\r\n");
  }
  assert.match(await sending.ask("."), /^250 /);
  for (const { socket } of [idle, sending]) socket.destroy();
});

async function received(port: number, data: string | Buffer): Promise<Buffer> {
  const client = await connected(port);
  const { hops } = scanners.stage;
  assert.match(await submit(client, { data }), /^250 /);
  client.socket.destroy();
  return hops.at(-1)?.mails.at(-1)?.octets ?? Buffer.alloc(0);
}

test("signatures have the time of the clock as it is; one that is too old, or of tomorrow, is no pass", async () => {
  const { ports } = scanners.stage.filter;
  setClock(clock, dayMs);
  const before = Date.now();
  const signed = await received(ports.originating, mailText("signed"));
  const after = Date.now();
  const times = [...signed.toString("latin1").matchAll(/\bt=(\d+); x=(\d+)/g)].map(([, t, x]) => [
    Number(t),
    Number(x),
  ]);
  assert.ok(times.length > 0);
  for (const [signedAt = 0, expires] of times) {
    assert.ok(signedAt >= Math.floor((before + dayMs) / 1000) && signedAt <= Math.floor((after + dayMs) / 1000));
    // Up to a whole second.
    assert.ok([0, 1].includes((expires ?? 0) - signedAt - 21 * 86_400));
  }
  for (const [aheadMs, result] of [
    [0, "permerror"],
    [dayMs, "pass"],
    [21 * dayMs, "pass"],
    [23 * dayMs, "permerror"],
    [dayMs, "pass"],
  ] as const) {
    setClock(clock, aheadMs);
    const told = (await received(ports.incoming, signed)).toString("latin1").replaceAll(/\r\n\s+/g, " ");
    assert.match(
      told,
      new RegExp(`^Authentication-Results: mail\\.example\\.com;.* dkim=${result} `, "m"),
      `${aheadMs}`,
    );
  }
});

test("what was asked is kept by how long ago it was, not by the date: no jump has DNS or scanners asked anew", async () => {
  const { stage, clamd, spamd } = scanners;
  const { dns, ports } = stage.filter;
  setClock(clock, 0);
  const signed = await received(ports.originating, mailText("kept", "verdicts are remembered\r\n"));
  await received(ports.incoming, signed);
  const asked = () => [dns.asked.length, clamd.mails.length, spamd.requests.length];
  const once = asked();
  // While the signature holds: else its verdict changes, and what depends on it.
  for (const aheadMs of [dayMs, 20 * dayMs, 2 * dayMs, 0]) {
    setClock(clock, aheadMs);
    await received(ports.incoming, signed);
  }
  assert.deepEqual(asked(), once);
});
