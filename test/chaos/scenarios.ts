// What is done to clients, next hop and daemon while mail flows. Each call makes them anew, with nothing remembered.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { startIn } from "../support/daemon.ts";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected } from "../support/filter.ts";
import { tryOf } from "../support/ledger.ts";
import { type SmtpClient, smtpClient } from "../support/smtp-client.ts";
import { connections, type Scenario, type Scene } from "./stage.ts";

const shell = promisify(execFile);

/** What an overload may add to the daemon's memory: `spool.memory` for mails under way, and as much for all else. */
const overloadBytes = 128 * 2 ** 20;

const firstTry = (step: Step): boolean => tryOf(step.line) === 1;
const atDot = (act: (step: Step, scene: Scene) => Act) => (step: Step, scene: Scene) =>
  step.stage === "dot" ? act(step, scene) : undefined;

export function clientScenarios(): readonly Scenario[] {
  return [
    {
      name: "content in pieces of any size",
      client: () => "split",
      count: 100,
      content: (id) => Buffer.from(pieces(id), "latin1"),
    },
    {
      name: "clients that reset in the middle of the content",
      client: (_, random) => (random.oneIn(2) ? "reset-in-data" : undefined),
    },
    {
      name: "clients that close in the middle of the content",
      client: (_, random) => (random.oneIn(2) ? "fin-in-data" : undefined),
    },
    {
      name: "clients that vanish after the final dot",
      client: (_, random) => (random.oneIn(3) ? "vanish-after-dot" : undefined),
    },
    idleClients(),
    slowClients(),
  ];
}

/** Small, with dots where a piece may end. */
function pieces(id: number): string {
  const lines = Array.from(
    { length: 20 + (id % 40) },
    (_, line) => `${".".repeat(line % 4)}${"x".repeat(line * 3)}\r\n`,
  );
  return `From: alice@example.com\r\nSubject: pieces\r\nMessage-ID: <${id}@pieces.example>\r\n\r\n${lines.join("")}`;
}

function idleClients(): Scenario {
  const idle: SmtpClient[] = [];
  return {
    name: "1,200 idle connections",
    async meanwhile({ stage }) {
      for (let count = 0; count < 1200; count += 1) idle.push(smtpClient(stage.filter.ports.incoming));
      for (const client of idle) assert.match((await client.line()) ?? "closed", /^220 /);
    },
    look({ ledger }) {
      for (const { socket } of idle) socket.destroy();
      assert.equal(ledger.tries, 200);
    },
  };
}

function slowClients(): Scenario {
  const slow: { stop(): void }[] = [];
  return {
    name: "60 clients that send an octet now and then",
    async meanwhile({ stage }) {
      for (let count = 0; count < 60; count += 1) {
        const client = await connected(stage.filter.ports.originating);
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
    look({ ledger }) {
      for (const client of slow) client.stop();
      assert.equal(ledger.tries, 200);
    },
  };
}

export function nextHopScenarios(): readonly Scenario[] {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let held = 0;
  const putOff = new Set<string>();
  return [
    {
      name: "a next hop that is down twice",
      async meanwhile({ stage, ledger }) {
        for (const at of [40, 110]) {
          await ledger.reached(at);
          await stage.hops.at(-1)?.close();
          await ledger.tried(ledger.tries + 30);
          await stage.startHop();
        }
      },
    },
    {
      name: "a next hop that hangs until every connection waits for it",
      async hop(step) {
        if (step.stage !== "dot" || held >= connections) return undefined;
        held += 1;
        if (held === connections) release();
        await released;
        return undefined;
      },
    },
    {
      name: "a next hop that falls silent for good",
      count: 60,
      hop: atDot((step) => (firstTry(step) && /-[0-9]-1@/.test(step.line) ? "" : undefined)),
    },
    {
      name: "a slow next hop",
      async hop(_, { random }) {
        await setTimeout(random.below(8));
        return undefined;
      },
    },
    {
      name: "a next hop that resets when content is to come",
      hop: (step, { random }) =>
        step.stage === "data" && random.oneIn(4) ? { reply: "354 go on", end: "reset" } : undefined,
    },
    {
      name: "a next hop that resets in the middle of the content",
      resetAt: (bytes, random) => bytes > 0 && random.oneIn(4),
    },
    {
      name: "a next hop that closes at the final dot",
      hop: atDot((_, { random }) => (random.oneIn(3) ? { end: "close" } : undefined)),
    },
    {
      name: "a next hop that takes the mail and closes without a word",
      hop: atDot((step, { ledger }) => {
        if (!firstTry(step) || !/[05]-1@/.test(step.line)) return undefined;
        ledger.take(step, "committed");
        return { end: "close" };
      }),
    },
    {
      name: "451 at the final dot",
      hop: atDot((step) => (firstTry(step) ? "451 4.3.0 later" : undefined)),
    },
    {
      name: "452 for the sender",
      hop: (step) => (step.stage === "mail" && firstTry(step) ? "452 4.3.1 no space" : undefined),
    },
    {
      name: "421 instead of a greeting",
      hop: (step, { random }) =>
        step.stage === "connect" && random.oneIn(2)
          ? { reply: "421 4.3.2 too busy", end: "close" }
          : step.stage === "dot"
            ? { reply: "250 2.0.0 Ok", end: "close" }
            : undefined,
    },
    {
      name: "a next hop that answers with what is no reply",
      hop: (step, { random }) => (step.stage !== "quit" && random.oneIn(12) ? "what is this?\r\n?" : undefined),
    },
    {
      name: "421 at any moment",
      hop: (step, { random }) =>
        step.stage !== "quit" && random.oneIn(15) ? { reply: "421 4.3.2 shutting down", end: "close" } : undefined,
    },
    {
      name: "450 for one of three recipients, at first",
      recipients: 3,
      hop(step) {
        if (step.stage !== "rcpt" || !step.line.includes("<r1.") || putOff.has(step.line)) return undefined;
        putOff.add(step.line);
        return "450 4.2.1 mailbox busy";
      },
      look: ({ ledger }) => assert.equal(ledger.tries, 400),
    },
    {
      name: "550 for one of three recipients",
      recipients: 3,
      // What says that it is a list's gets no notification (RFC 3834 section 2).
      content: (id) => Buffer.from(pieces(id), "latin1"),
      refused: (recipient) => recipient.startsWith("r1."),
      hop: (step) => (step.stage === "rcpt" && step.line.includes("<r1.") ? "550 5.1.1 no such user" : undefined),
      look({ stage, ledger }) {
        const sender = new RegExp(`<${ledger.tag}-\\d+-1@`);
        const told = stage.hops.flatMap(({ mails }) =>
          mails.filter(({ mail, rcpts }) => mail.startsWith("MAIL FROM:<>") && sender.test(rcpts[0] ?? "")),
        );
        assert.equal(told.length, 200, "one notification for each mail");
        assert.equal(ledger.tries, 200);
      },
    },
    {
      name: "550 for all recipients",
      count: 60,
      recipients: 3,
      allRefused: true,
      hop: (step) => (step.stage === "rcpt" ? "550 5.1.1 no such user" : undefined),
    },
    {
      name: "554 at the final dot",
      count: 60,
      allRefused: true,
      hop: atDot(() => "554 5.7.1 not wanted"),
    },
    {
      name: "452 after two recipients of five",
      count: 100,
      recipients: 5,
      hop: (step) => (step.stage === "rcpt" && step.recipient > 2 ? "452 4.5.3 too many recipients" : undefined),
      look: ({ ledger }) => assert.equal(ledger.tries, 100),
    },
  ];
}

/** How often the daemon is killed, stopped and told to read its configuration. */
export interface Blows {
  readonly kills: number;
  readonly stops: number;
  readonly reloads: number;
}

export function daemonScenarios(
  { kills, stops, reloads }: Blows = { kills: 3, stops: 2, reloads: 5 },
): readonly Scenario[] {
  let before = 0;
  return [
    {
      name: `kill -9, ${kills} times`,
      count: 50 * (kills + 1),
      cuts: true,
      async meanwhile({ stage, ledger }) {
        for (let kill = 1; kill <= kills; kill += 1) {
          await ledger.reached(50 * kill);
          await stage.daemon.kill();
          stage.daemon = await startIn(stage.daemon.folder, stage.daemon.configFile);
        }
      },
    },
    {
      name: `SIGTERM, ${stops} times`,
      count: 80 * (stops + 1),
      async meanwhile({ stage, ledger }) {
        for (let stop = 1; stop <= stops; stop += 1) {
          await ledger.reached(80 * stop);
          const exited = once(stage.daemon.process, "exit");
          stage.daemon.process.kill("SIGTERM");
          assert.deepEqual(await exited, [0, null]);
          stage.daemon = await startIn(stage.daemon.folder, stage.daemon.configFile);
        }
      },
    },
    {
      name: `SIGHUP, ${reloads} times`,
      count: 40 * (reloads + 1),
      async meanwhile({ stage: { daemon }, ledger }) {
        for (let reload = 1; reload <= reloads; reload += 1) {
          await ledger.reached(40 * reload);
          const seen = daemon.lines.length;
          daemon.process.kill("SIGHUP");
          await daemon.line("configuration reloaded", seen);
        }
      },
      look: ({ ledger }) => assert.equal(ledger.tries, 40 * (reloads + 1), "nobody notices"),
    },
    {
      name: "two seconds of standstill (SIGSTOP)",
      async meanwhile({ stage: { daemon }, ledger }) {
        await ledger.reached(60);
        process.kill(daemon.pid, "SIGSTOP");
        await setTimeout(2000);
        process.kill(daemon.pid, "SIGCONT");
      },
      look: ({ ledger }) => assert.equal(ledger.tries, 200),
    },
    scarceDescriptors("twelve descriptors to spare for 40 connections", 40),
    scarceDescriptors("twelve descriptors to spare from the start, 40 connections", 0),
    {
      name: "ten times as many clients as may connect",
      count: 600,
      connections: 150,
      // Slow enough that all of them are there at once.
      async hop(step) {
        if (step.stage === "dot") await setTimeout(20);
        return undefined;
      },
      async first(scene) {
        await setLimit(15)(scene);
        before = await scene.stage.daemon.residentBytes();
        await scene.stage.daemon.peakBytes();
      },
      async look(scene) {
        await lift(scene);
        const { daemon } = scene.stage;
        const grown = (await daemon.peakBytes()) - before;
        assert.ok(scene.ledger.tries > 600, "some were put off");
        assert.ok(grown < overloadBytes, `${Math.round(grown / 2 ** 20)} MB more at its peak`);
      },
    },
  ];
}

/** The limit of descriptors is lowered while the daemon runs, and stays so until all mail is through: none starves. */
function scarceDescriptors(name: string, at: number): Scenario {
  return {
    name,
    connections: 40,
    async meanwhile({ stage: { daemon }, ledger }) {
      await ledger.reached(at);
      const used = (await readdir(`/proc/${daemon.pid}/fd`)).length;
      await setOpenFiles(daemon.pid, used + 12);
    },
    look: lift,
  };
}

function setLimit(connections: number) {
  return async ({ stage: { daemon } }: Scene) => {
    const used = (await readdir(`/proc/${daemon.pid}/fd`)).length;
    // Four for each, where there are few.
    await setOpenFiles(daemon.pid, used + 4 * connections);
  };
}

async function lift({ stage }: Scene): Promise<void> {
  await setOpenFiles(stage.daemon.pid, 10_000);
}

async function setOpenFiles(pid: number, most: number): Promise<void> {
  await shell("prlimit", ["--pid", String(pid), `--nofile=${most}:`]);
}
