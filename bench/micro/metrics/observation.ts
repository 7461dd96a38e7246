// What looking at a mail costs the mail path: everything that is told and counted for one signed mail and for one that
// is verified, without the mail itself. Microseconds of CPU per mail; the goal is 3 % of what the mail costs.

import { transactionOf } from "../../../src/cli/message-file.ts";
import type { Arrival, JudgedMail } from "../../../src/flow/mail.ts";
import { keepOutcome } from "../../../src/flow/outcome/kept.ts";
import { logLines } from "../../../src/flow/outcome/log-line.ts";
import type { Outcome } from "../../../src/flow/outcome/outcome.ts";
import { createPastMailReader } from "../../../src/flow/outcome/past-mail.ts";
import { mailRecord } from "../../../src/flow/outcome/record.ts";
import { noSurroundings } from "../../../src/flow/outcome/surroundings.ts";
import type { Stages } from "../../../src/flow/pipeline.ts";
import { stageNames, timed } from "../../../src/flow/timed.ts";
import { createHistory } from "../../../src/history/history.ts";
import { printMetrics } from "../../../src/metrics/exposition.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { nothingOwed } from "../../../src/policy/decision.ts";
import { createRouter } from "../../../src/policy/router.ts";
import { defaultSettings } from "../../../src/reading/load-settings.ts";
import { arithmetic } from "../../load/arithmetic.ts";

const listener = { address: "127.0.0.1", port: 10026 };
const remote = "smtp:[127.0.0.1]:10027";
const reply = { code: 250, enhanced: "2.0.0", text: "Ok: queued as 4F1" };

const outcome: Outcome = {
  session: {
    id: "12345-01",
    listener,
    peer: { address: "127.0.0.1", port: 40000 },
    helo: "mail.example.com",
    protocol: "ESMTP",
    client: { address: "192.0.2.1", port: "4711", name: "host.example.com" },
  },
  mailId: "abcdefghijkl",
  sender: "alice@example.com",
  recipients: [
    {
      address: "bob@elsewhere.example",
      local: false,
      direction: "Outbound",
      category: "CC_CLEAN",
      minor: 0,
      action: "accept",
      reply,
      remote,
      owed: nothingOwed,
      quarantine: [],
      notices: [],
    },
  ],
  messageId: "<4711@example.com>",
  sizeBytes: 10_000,
  bankPath: "ORIGINATING",
  loaded: [{ bank: "ORIGINATING", why: "port", key: "10026" }],
  originating: true,
  verifications: [],
  findings: [{ method: "dkim", result: "none", properties: [] }],
  signings: [{ result: "signed", domain: "example.com", selector: "s1", algorithm: "rsa-sha256" }],
  evidence: { from: [], candidates: [] },
  logLevel: 0,
  detailLines: [],
  reply,
  queuedAs: ["4F1"],
  receivedAtMs: Date.now(),
  elapsedMs: 3,
};

const metrics = createMetrics({ version: "bench", node: process.version, stages: stageNames });
const { observers } = metrics;
const history = createHistory(
  createPastMailReader(() => noSurroundings),
  1000,
);

const parts: Readonly<Record<string, () => void>> = {
  "told by the parts": () => {
    observers.receive.messageReceived?.(listener, 10_000, undefined);
    observers.relay.connection(remote, "reused");
    observers.relay.reply(remote, "2xx", "next-hop");
    observers.pool.jobDone(0.05, 0.9);
  },
  "outcome counted": () => metrics.count(outcome),
  "kept for why": () => history.add(keepOutcome(outcome)),
};
const beside: Readonly<Record<string, () => void>> = {
  "(the log line)": () => void logLines(outcome),
  "(the JSON record)": () => void JSON.stringify(mailRecord(outcome)),
};

const rounds = 300_000;

function cpuMicroseconds(work: () => void): number {
  for (let i = 0; i < rounds / 10; i += 1) work();
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i += 1) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

/** Stages that do nothing, once as they are and once timed: what the clocks and further promises cost. */
async function timingCost(): Promise<number> {
  const nothing: Stages = {
    route: () => arrival,
    check: async () => ({ verifications: [], findings: [], content: {} }),
    refine: (bank) => bank,
    inspect: ({ facts }) => facts,
    score: ({ facts }) => facts,
    decide: () => [],
    keep: (_mail, decisions) => decisions,
    annotate: () => [],
    sign: async () => ({ leaving: [], signings: [] }),
    relay: async () => [],
    notify: async () => [],
  };
  const { config, tables } = await defaultSettings();
  const bank = createRouter(config, tables).base;
  const facts = { verifications: [], findings: [], content: {} };
  const arrival: Arrival = {
    bank,
    digestSpecs: () => [],
    judge: async () => facts,
    signerUnder: () => ({ skip: "not-originating", candidates: [] }),
  };
  const transaction = transactionOf(Buffer.from("From: a@example.com\r\n\r\nhello\r\n"), {
    listener,
    envelope: { sender: { address: "", parameters: "" }, recipients: [] },
    client: {},
    receivedAtMs: 0,
  });
  const mail: JudgedMail = { transaction, mailId: "", bank, facts, arrival };
  const { session, envelope, message } = transaction;
  const passThrough = async (stages: Stages) => {
    const { route, check, refine, inspect, score, decide, keep, annotate, sign, relay, notify } = stages;
    for (let i = 0; i < rounds; i += 1) {
      await check(route(session, envelope, message), transaction);
      refine(bank, facts, transaction);
      await inspect(mail);
      await score(mail);
      decide(mail);
      await keep(mail, []);
      annotate(mail, []);
      await sign(mail, []);
      await relay(mail, [], () => true);
      await notify(mail, []);
    }
  };
  const costs: number[] = [];
  for (const stages of [nothing, timed(nothing, observers.stage), nothing, timed(nothing, observers.stage)]) {
    const before = process.cpuUsage();
    await passThrough(stages);
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / rounds);
  }
  const [, , bare = 0, clocked = 0] = costs;
  return clocked - bare;
}

let sum = await timingCost();
console.log(`${"stages timed".padEnd(20)} ${sum.toFixed(2).padStart(6)} µs`);
for (const [name, work] of Object.entries(parts)) {
  const cost = cpuMicroseconds(work);
  sum += cost;
  console.log(`${name.padEnd(20)} ${cost.toFixed(2).padStart(6)} µs`);
}
const signature = arithmetic({ what: "sign", algorithm: "rsa", bytes: 10_000, rounds: 2000 }) * 1000;
const share = ((100 * sum) / signature).toFixed(2);
console.log(`${"together".padEnd(20)} ${sum.toFixed(2).padStart(6)} µs, ${share} % of a bare RSA-2048 signature`);
for (const [name, work] of Object.entries(beside)) {
  console.log(`${name.padEnd(20)} ${cpuMicroseconds(work).toFixed(2).padStart(6)} µs`);
}
const before = performance.now();
for (let i = 0; i < 50; i += 1) await printMetrics(await metrics.families("scrape"), "prometheus");
console.log(`${"one scrape".padEnd(20)} ${(((performance.now() - before) / 50) * 1000).toFixed(0).padStart(6)} µs`);
metrics.close();
