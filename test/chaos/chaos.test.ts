// The whole daemon under load and faults of every kind, with a ledger of each mail: nothing lost, nothing called
// delivered too early, nothing refused, nothing doubled that could be spared, nothing changed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { type DaemonProcess, startIn } from "../support/daemon.ts";
import { type Act, type FakeNextHop, type Step, startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, type Filter, startFilter } from "../support/filter.ts";
import { generateMail } from "../support/generated-mail.ts";
import { type Attempt, Ledger, noFaults, tryOf } from "../support/ledger.ts";
import { after, before, test } from "../support/limited.ts";
import { createRandom, type Random } from "../support/random.ts";
import { type ClientFault, sendAll } from "../support/sending-queue.ts";
import { smtpClient } from "../support/smtp-client.ts";

const shell = promisify(execFile);
const connections = 8;
/** Mails of the first run: they arrive signed and are what comes in where the DNS is in trouble. */
const signedCount = 50;

const contents: readonly Buffer[] = (() => {
  const random = createRandom(5321);
  return Array.from({ length: 250 }, (_, id) => generateMail(random, id, "alice@example.com").octets);
})();

const ours = contents.filter((octets) => !octets.includes("List-Id:"));
const short = contents.filter(({ length }) => length < 3000);

let filter: Filter;
/** The daemon now: some scenarios end it and start it again. */
let daemon: DaemonProcess;
/** All next hops there have been; the last one is up. */
const hops: FakeNextHop[] = [];
let script: (step: Step) => Act | Promise<Act> = () => undefined;
let onContent: ((step: { bytes: number }) => boolean) | undefined;
let descriptors = 0;

const hopOptions = {
  script: (step: Step) => script(step),
  onContent(socket: import("node:net").Socket, bytes: number) {
    if (onContent?.({ bytes })) socket.resetAndDestroy();
  },
};

before(async () => {
  filter = await startFilter({
    ...hopOptions,
    dnsTimeout: "0.5s",
    extra: "limits: { connections: 1500, message_time: 30s }\nrelay: { final_timeout: 1s, command_timeout: 1s }",
  });
  ({ daemon } = filter);
  filter.dns.ttlSeconds = 0;
  hops.push(filter.hop);
  await run({ name: "warming up", count: signedCount, port: "nochecks" });
  descriptors = (await readdir(`/proc/${daemon.pid}/fd`)).length;
});

after(async () => {
  await daemon?.stop();
  for (const hop of hops) await hop.close();
  await filter?.close();
});

interface Scenario {
  readonly name: string;
  readonly count?: number;
  readonly connections?: number;
  readonly recipients?: number;
  readonly port?: "incoming" | "originating" | "nochecks";
  readonly content?: (id: number) => Buffer;
  /** What the next hop does. */
  readonly hop?: (step: Step, ledger: Ledger, random: Random) => Act | Promise<Act>;
  /** Whether the next hop resets the connection, asked as content arrives. */
  readonly resetAt?: (bytes: number, random: Random) => boolean;
  /** What the client does. */
  readonly client?: (attempt: Attempt, random: Random) => ClientFault | undefined;
  /** What happens before the first mail. */
  readonly first?: () => Promise<unknown>;
  /** What happens meanwhile. */
  readonly meanwhile?: (ledger: Ledger) => Promise<void>;
  /** Recipients that are refused for good and get a notification's worth of attention. */
  readonly refused?: (recipient: string) => boolean;
  /** All are refused, and are to be. */
  readonly allRefused?: boolean;
  /** The filter is killed, so that a try may end without a reply although it was delivered. */
  readonly cuts?: boolean;
}

let runs = 0;

async function run(scenario: Scenario, ports = filter.ports): Promise<Ledger> {
  runs += 1;
  const { count = 200, recipients = 1, port = "originating" } = scenario;
  const random = createRandom(2821 + runs);
  const ledger = new Ledger(`t${runs}`, recipients);
  script = async (step) => {
    const act = await scenario.hop?.(step, ledger, random);
    const reply = typeof act === "object" ? act.reply : (act ?? "250");
    if (step.stage === "dot" && reply?.startsWith("2")) ledger.take(step);
    return act;
  };
  onContent = ({ bytes }) => scenario.resetAt?.(bytes, random) ?? false;
  await scenario.first?.();
  try {
    await Promise.all([
      sendAll({
        ledger,
        port: () => ports[port],
        count,
        connections: scenario.connections ?? connections,
        content: scenario.content ?? ((id) => contents[id] ?? Buffer.alloc(0)),
        random,
        fault: (attempt) => scenario.client?.(attempt, random),
      }),
      scenario.meanwhile?.(ledger),
    ]);
  } finally {
    script = () => undefined;
    onContent = undefined;
  }
  const refused = scenario.refused ?? (() => false);
  const mails = hops.flatMap((hop) => hop.mails);
  assert.deepEqual(ledger.faults(mails, refused, scenario.cuts ?? false), {
    ...noFaults,
    ...(scenario.allRefused ? { rejected: count } : {}),
  });
  assert.equal(ledger.acked, scenario.allRefused ? 0 : count);
  return ledger;
}

/** A scenario as a test; an ordinary mail passes afterwards at once, and nothing is left behind. */
function chaos(scenario: Scenario, look?: (ledger: Ledger) => void | Promise<void>): void {
  test(`${scenario.name}: nothing lost, doubled, refused or changed`, { timeout: 60_000 }, async () => {
    const ledger = await run(scenario);
    await look?.(ledger);
    assert.equal((await run({ name: "afterwards", count: 1 })).tries, 1);
    const left = await readdir(daemon.folder);
    assert.deepEqual(
      left.filter((name) => name.startsWith("signpost-spool")),
      [],
    );
  });
}

const firstTry = (step: Step): boolean => tryOf(step.line) === 1;

chaos({
  name: "content in pieces of any size",
  client: () => "split",
  count: 100,
  content: (id) => short[id % short.length] ?? Buffer.alloc(0),
});
chaos({
  name: "clients that reset in the middle of the content",
  client: (_, random) => (random.oneIn(2) ? "reset-in-data" : undefined),
});
chaos({
  name: "clients that close in the middle of the content",
  client: (_, random) => (random.oneIn(2) ? "fin-in-data" : undefined),
});
chaos({
  name: "clients that vanish after the final dot",
  client: (_, random) => (random.oneIn(3) ? "vanish-after-dot" : undefined),
});

chaos({
  name: "a next hop that is down twice",
  async meanwhile(ledger) {
    for (const at of [40, 110]) {
      await ledger.reached(at);
      const port = filter.hop.port;
      await hops.at(-1)?.close();
      await ledger.tried(ledger.tries + 30);
      hops.push(await startFakeNextHop({ ...hopOptions, port }));
    }
  },
});

{
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let held = 0;
  chaos({
    name: "a next hop that hangs until every connection waits for it",
    async hop(step) {
      if (step.stage !== "dot" || held >= connections) return undefined;
      held += 1;
      if (held === connections) release();
      await released;
      return undefined;
    },
  });
}

chaos({
  name: "a next hop that falls silent for good",
  count: 60,
  hop: (step) => (step.stage === "dot" && firstTry(step) && /-[0-9]-1@/.test(step.line) ? "" : undefined),
});
chaos({
  name: "a slow next hop",
  hop: async (_, __, random) => {
    await setTimeout(random.below(8));
    return undefined;
  },
});
chaos({
  name: "a next hop that resets when content is to come",
  hop: (step, _, random) =>
    step.stage === "data" && random.oneIn(4) ? { reply: "354 go on", end: "reset" } : undefined,
});
chaos({
  name: "a next hop that resets in the middle of the content",
  content: (id) => contents[id % 40] ?? Buffer.alloc(0),
  resetAt: (bytes, random) => bytes > 0 && random.oneIn(12),
});
chaos({
  name: "a next hop that closes at the final dot",
  hop: (step, _, random) => (step.stage === "dot" && random.oneIn(3) ? { end: "close" } : undefined),
});
chaos({
  name: "a next hop that takes the mail and closes without a word",
  hop(step, ledger) {
    if (step.stage !== "dot" || !firstTry(step) || !/[05]-1@/.test(step.line)) return undefined;
    ledger.take(step, "committed");
    return { end: "close" };
  },
});
chaos({
  name: "451 at the final dot",
  hop: (step) => (step.stage === "dot" && firstTry(step) ? "451 4.3.0 later" : undefined),
});
chaos({
  name: "452 for the sender",
  hop: (step) => (step.stage === "mail" && firstTry(step) ? "452 4.3.1 no space" : undefined),
});
chaos({
  name: "421 instead of a greeting",
  hop: (step, _, random) =>
    step.stage === "connect" && random.oneIn(2)
      ? { reply: "421 4.3.2 too busy", end: "close" }
      : step.stage === "dot"
        ? { reply: "250 2.0.0 Ok", end: "close" }
        : undefined,
});
chaos({
  name: "a next hop that answers with what is no reply",
  hop: (step, _, random) => (step.stage !== "quit" && random.oneIn(12) ? "what is this?\r\n?" : undefined),
});
chaos({
  name: "421 at any moment",
  hop: (step, _, random) =>
    step.stage !== "quit" && random.oneIn(15) ? { reply: "421 4.3.2 shutting down", end: "close" } : undefined,
});

chaos(
  {
    name: "450 for one of three recipients, at first",
    recipients: 3,
    hop: (step) =>
      step.stage === "rcpt" && step.line.includes("<r1.") && tries.get(step.line) === undefined
        ? putOff(step)
        : undefined,
  },
  (ledger) => assert.equal(ledger.tries, 400),
);
const tries = new Map<string, number>();
function putOff(step: Step): Act {
  tries.set(step.line, 1);
  return "450 4.2.1 mailbox busy";
}

chaos(
  {
    name: "550 for one of three recipients",
    recipients: 3,
    // What says that it is a list's gets no notification (RFC 3834 section 2).
    content: (id) => ours[id % ours.length] ?? Buffer.alloc(0),
    refused: (recipient) => recipient.startsWith("r1."),
    hop: (step) => (step.stage === "rcpt" && step.line.includes("<r1.") ? "550 5.1.1 no such user" : undefined),
  },
  (ledger) => {
    const sender = new RegExp(`<${ledger.tag}-\\d+-1@`);
    const told = hops.flatMap(({ mails }) =>
      mails.filter(({ mail, rcpts }) => mail.startsWith("MAIL FROM:<>") && sender.test(rcpts[0] ?? "")),
    );
    assert.equal(told.length, 200, "one notification for each mail");
    assert.equal(ledger.tries, 200);
  },
);
chaos({
  name: "550 for all recipients",
  count: 60,
  recipients: 3,
  allRefused: true,
  hop: (step) => (step.stage === "rcpt" ? "550 5.1.1 no such user" : undefined),
});
chaos({
  name: "554 at the final dot",
  count: 60,
  allRefused: true,
  hop: (step) => (step.stage === "dot" ? "554 5.7.1 not wanted" : undefined),
});
chaos(
  {
    name: "452 after two recipients of five",
    count: 100,
    recipients: 5,
    hop: (step) => (step.stage === "rcpt" && step.recipient > 2 ? "452 4.5.3 too many recipients" : undefined),
  },
  (ledger) => assert.equal(ledger.tries, 100),
);

chaos({
  name: "kill -9 three times",
  count: 250,
  cuts: true,
  async meanwhile(ledger) {
    for (const at of [40, 100, 160]) {
      await ledger.reached(at);
      await daemon.kill();
      daemon = await startIn(daemon.folder, daemon.configFile);
    }
  },
});
chaos({
  name: "SIGTERM twice",
  count: 250,
  async meanwhile(ledger) {
    for (const at of [50, 140]) {
      await ledger.reached(at);
      const exited = once(daemon.process, "exit");
      daemon.process.kill("SIGTERM");
      assert.deepEqual(await exited, [0, null]);
      daemon = await startIn(daemon.folder, daemon.configFile);
    }
  },
});
chaos(
  {
    name: "SIGHUP five times",
    count: 250,
    async meanwhile(ledger) {
      for (const at of [30, 70, 110, 150, 190]) {
        await ledger.reached(at);
        const seen = daemon.lines.length;
        daemon.process.kill("SIGHUP");
        await daemon.line("configuration reloaded", seen);
      }
    },
  },
  (ledger) => assert.equal(ledger.tries, 250, "nobody notices"),
);
chaos(
  {
    name: "two seconds of standstill (SIGSTOP)",
    async meanwhile(ledger) {
      await ledger.reached(60);
      process.kill(daemon.pid, "SIGSTOP");
      await setTimeout(2000);
      process.kill(daemon.pid, "SIGCONT");
    },
  },
  (ledger) => assert.equal(ledger.tries, 200),
);

{
  const idle: ReturnType<typeof smtpClient>[] = [];
  chaos(
    {
      name: "1,200 idle connections",
      async meanwhile() {
        for (let count = 0; count < 1200; count += 1) idle.push(smtpClient(filter.ports.incoming));
        for (const client of idle) assert.match((await client.line()) ?? "closed", /^220 /);
      },
    },
    (ledger) => {
      for (const { socket } of idle) socket.destroy();
      assert.equal(ledger.tries, 200);
    },
  );
}

{
  const slow: { stop(): void }[] = [];
  chaos(
    {
      name: "60 clients that send an octet now and then",
      async meanwhile() {
        for (let count = 0; count < 60; count += 1) {
          const client = await connected(filter.ports.originating);
          await client.ask("MAIL FROM:<slow@example.com>");
          await client.ask("RCPT TO:<slow@example.com>");
          await client.ask("DATA");
          const timer = setInterval(() => client.send("x"), 20);
          slow.push({
            stop() {
              clearInterval(timer);
              client.socket.destroy();
            },
          });
        }
      },
    },
    (ledger) => {
      for (const client of slow) client.stop();
      assert.equal(ledger.tries, 200);
    },
  );
}

chaos({
  name: "twelve descriptors to spare for 40 connections",
  connections: 40,
  async meanwhile(ledger) {
    await ledger.reached(40);
    const used = (await readdir(`/proc/${daemon.pid}/fd`)).length;
    const limit = (most: number) => shell("prlimit", ["--pid", String(daemon.pid), `--nofile=${most}:`]);
    await limit(used + 12);
    await ledger.reached(150);
    await limit(10_000);
  },
});

for (const [fault, result] of [
  ["drop", "temperror"],
  ["servfail", "temperror"],
  ["refused", "temperror"],
  ["garbage", "temperror"],
  ["wrong-id", "temperror"],
  ["wrong-question", "temperror"],
  ["truncate", "pass"],
] as const) {
  test(`DNS that answers with "${fault}": every mail is delivered, with dkim=${result}`, {
    timeout: 60_000,
  }, async () => {
    const signed = hops
      .flatMap(({ mails }) => mails)
      .filter(({ mail }) => mail.startsWith("MAIL FROM:<t1-"))
      .map(({ octets }) => octets);
    assert.equal(signed.length, signedCount);
    filter.dns.fault = () => fault;
    try {
      const ledger = await run({
        name: fault,
        port: "incoming",
        count: signed.length,
        connections: 25,
        content: (id) => signed[id] ?? Buffer.alloc(0),
      });
      assert.equal(ledger.tries, signed.length);
      const arrived = hops.flatMap(({ mails }) =>
        mails.filter(({ mail }) => mail.startsWith(`MAIL FROM:<${ledger.tag}-`)),
      );
      for (const { octets } of arrived) {
        const top = octets.toString("latin1", 0, 2000).replaceAll(/\r\n\s+/g, " ");
        assert.match(
          top,
          new RegExp(`^Authentication-Results: mail\\.example\\.com;.*dkim=${result} .*header\\.d=example\\.com`, "m"),
        );
      }
    } finally {
      filter.dns.fault = () => "none";
    }
    assert.equal((await run({ name: "afterwards", count: 1 })).tries, 1);
  });
}

test("a spool disk that is full for a while: nothing lost, small mail flows", { timeout: 60_000 }, async (t) => {
  const disk = await mkdtemp(join(tmpdir(), "signpost-disk-"));
  try {
    await shell("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  } catch {
    await rmdir(disk);
    t.skip("mounting a small disk needs root");
    return;
  }
  const own = await startFilter({
    ...hopOptions,
    spool: `dir: ${disk}, message_memory: 128k, memory: 256k, free_space: 0`,
  });
  hops.push(own.hop);
  const large = Buffer.concat([contents[0] ?? Buffer.alloc(0), Buffer.alloc(23 * 26_000, "All work and no play.\r\n")]);
  const filler = join(disk, "filler");
  try {
    const ledger = await run(
      {
        name: "disk full",
        content: (id) => (id % 2 === 0 ? large : (short[id % short.length] ?? large)),
        async meanwhile(ledger) {
          await ledger.reached(30);
          await assert.rejects(writeFile(filler, Buffer.alloc(9_000_000)), { code: "ENOSPC" });
          // Mail that was under way gives its room back when it is delivered: that is filled, too.
          let isOver = false;
          const tried = ledger.tried(ledger.tries + 150).finally(() => {
            isOver = true;
          });
          while (!isOver) {
            await appendFile(filler, Buffer.alloc(1_000_000)).catch(() => undefined);
            await setTimeout(20);
          }
          await tried;
          await rm(filler);
        },
      },
      own.ports,
    );
    assert.ok(ledger.tries > 200, "some were put off");
    assert.deepEqual(await readdir(disk), []);
  } finally {
    await own.close();
    await shell("umount", [disk]);
    await rmdir(disk);
  }
});

test("after all that no descriptor is left open", { timeout: 30_000 }, async (t) => {
  // Idle connections to the next hop are there at any time; the daemon hears of closed ones when it gets to them.
  for (const hop of hops) hop.hangUp();
  const most = descriptors + connections;
  let now = Number.POSITIVE_INFINITY;
  for (let looks = 0; looks < 400 && now > most; looks += 1) {
    await setTimeout(50);
    now = (await readdir(`/proc/${daemon.pid}/fd`)).length;
  }
  t.diagnostic(`${descriptors} descriptors at first, ${now} now`);
  assert.ok(now <= most);
});
