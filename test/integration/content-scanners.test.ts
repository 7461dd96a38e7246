// All scanners together, as the flow asks them.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  type ContentScannersOptions,
  createContentScanners,
  type SpamAsk,
  type VirusAsk,
} from "../../src/scanners/content-scanners.ts";
import type { SpamScanner, VirusScanner } from "../../src/settings/scanner-shape.ts";
import { createVerdictCache } from "../../src/verdicts/verdict-cache.ts";
import { startFakeClamd } from "../support/fake-clamd.ts";
import { spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { memoryMail, spooledMail } from "../support/scanned-mail.ts";
import { dkimPass, spamQuestion, verified } from "../support/spam-question.ts";

const ttls = { ham: 600_000, spam: 600_000, clean: 600_000, infected: 600_000 };

async function started(t: TestContext, options: ContentScannersOptions = {}) {
  const clamd = await startFakeClamd();
  const spamd = await startFakeSpamd();
  const told: string[] = [];
  const scanners = createContentScanners({
    ...options,
    scanned: (scanner, kind, result) => told.push(`${scanner} ${kind} ${result}`),
  });
  t.after(async () => {
    scanners.close();
    await clamd.close();
    await spamd.close();
  });
  return { clamd, spamd, scanners, told };
}

function clamdAt(address: string, name = "ClamAV"): VirusScanner {
  return { name, type: "clamd", address, timeout: 30, connections: 4 };
}

function spamdAt(address: string): SpamScanner {
  return {
    name: "SA",
    type: "spamd",
    address,
    timeout: 30,
    connections: 4,
    score_factor: 1,
    mail_body_size_limit: null,
  };
}

function virusAsk(primary: readonly VirusScanner[], backup: readonly VirusScanner[] = []): VirusAsk {
  const bank = { path: "", av_scanners: primary, av_scanners_backup: backup, first_infected_stops_scan: false };
  return { bank, deadlineMs: performance.now() + 60_000 };
}

function spamAsk(scanner: SpamScanner, given: Partial<SpamAsk> = {}): SpamAsk {
  const { envelope, client, mailId } = spamQuestion();
  const bank = { path: "", spam_scanners: [scanner], sa_mail_body_size_limit: null };
  return { bank, envelope, client, mailId, deadlineMs: performance.now() + 60_000, ...given };
}

test("the one in reserve answers when the first is not there", async (t) => {
  const { clamd, scanners, told } = await started(t);
  clamd.script = () => "stream: Eicar FOUND";
  const nobody = clamdAt(`127.0.0.1:${await freePort()}`, "first");
  const found = await scanners.scanViruses(memoryMail(), virusAsk([nobody], [clamdAt(clamd.address, "reserve")]));
  assert.deepEqual([found.names, found.failed], [["Eicar"], false]);
  assert.deepEqual(told, ["first virus connect", "reserve virus infected"]);
  assert.deepEqual(
    scanners.stats().map(({ scanner, kind, idle }) => [scanner, kind, idle]),
    [
      ["first", "virus", 0],
      ["reserve", "virus", 1],
    ],
  );
});

test("equal mails are scanned once, also at once", async (t) => {
  const { clamd, spamd, scanners, told } = await started(t, { verdicts: createVerdictCache({ ttls, key: "full" }) });
  spamd.script = () => spamdReply(7, "A=7");
  const ask = virusAsk([clamdAt(clamd.address)]);
  const found = await Promise.all(
    [1, 2, 3].map(() => scanners.scanViruses(spooledMail(Buffer.alloc(200_000, "x")), ask)),
  );
  assert.deepEqual(
    found.map(({ cached }) => cached),
    [false, true, true],
  );
  assert.equal(clamd.mails.length, 1);
  const spam = [];
  for (let i = 0; i < 3; i += 1) spam.push(await scanners.scoreSpam(memoryMail(), spamAsk(spamdAt(spamd.address))));
  assert.deepEqual(
    spam.map(({ score, cached }) => [score, cached]),
    [
      [7, false],
      [7, true],
      [7, true],
    ],
  );
  assert.equal(spamd.requests.length, 1);
  assert.deepEqual(told, ["ClamAV virus clean", "SA spam scored"]);
});

test("another bank, user, body or signature is asked about anew", async (t) => {
  const { spamd, scanners } = await started(t, { verdicts: createVerdictCache({ ttls, key: "full" }) });
  const scanner = spamdAt(spamd.address);
  const asks: readonly SpamAsk[] = [
    spamAsk(scanner),
    spamAsk(scanner, { user: "other" }),
    spamAsk(scanner, { verified: verified(dkimPass) }),
    spamAsk(scanner, { bank: { ...spamAsk(scanner).bank, path: "MYNETS" } }),
    spamAsk({ ...scanner, score_factor: 2 }),
  ];
  for (const ask of asks) assert.equal((await scanners.scoreSpam(memoryMail(), ask)).cached, false);
  assert.equal((await scanners.scoreSpam(memoryMail("another body\r\n"), spamAsk(scanner))).cached, false);
  for (const ask of asks) assert.equal((await scanners.scoreSpam(memoryMail(), ask)).cached, true);
});

test("by amavisd's key a user still has a verdict of their own", async (t) => {
  const { spamd, scanners } = await started(t, { verdicts: createVerdictCache({ ttls, key: "body" }) });
  const scanner = spamdAt(spamd.address);
  const asks = [spamAsk(scanner), spamAsk(scanner, { user: "bob" })];
  for (const ask of asks) assert.equal((await scanners.scoreSpam(memoryMail(), ask)).cached, false);
  const signed = spamAsk(scanner, { user: "bob", verified: verified(dkimPass) });
  assert.equal((await scanners.scoreSpam(memoryMail(), signed)).cached, true);
});

test("what is remembered of a mail is there at once", async (t) => {
  const { clamd, spamd, scanners } = await started(t, { verdicts: createVerdictCache({ ttls, key: "full" }) });
  const virus = virusAsk([clamdAt(clamd.address)]);
  const spam = spamAsk(spamdAt(spamd.address));
  assert.ok(scanners.scanViruses(memoryMail(), virus) instanceof Promise);
  assert.ok(scanners.scoreSpam(memoryMail(), spam) instanceof Promise);
  await scanners.scanViruses(memoryMail(), virus);
  await scanners.scoreSpam(memoryMail(), spam);
  const known = [scanners.scanViruses(memoryMail(), virus), scanners.scoreSpam(memoryMail(), spam)];
  assert.deepEqual(
    known.map((found) => !(found instanceof Promise) && found.cached),
    [true, true],
  );
});

test("ham by our own level is remembered as ham", async (t) => {
  const { spamd, scanners } = await started(t, {
    verdicts: createVerdictCache({ ttls: { ...ttls, ham: 0 }, key: "full" }),
  });
  spamd.script = () => spamdReply(6, "A");
  const scanner = spamdAt(spamd.address);
  for (let i = 0; i < 2; i += 1) await scanners.scoreSpam(memoryMail(), spamAsk(scanner, { spamLevel: 6.31 }));
  assert.equal(spamd.requests.length, 2);
  for (let i = 0; i < 2; i += 1) await scanners.scoreSpam(memoryMail(), spamAsk(scanner));
  assert.equal(spamd.requests.length, 3);
});

test("a spool that cannot be read is a failure, not a throw", async (t) => {
  const { clamd, scanners } = await started(t, { verdicts: createVerdictCache({ ttls, key: "full" }) });
  const broken = spooledMail(Buffer.alloc(500_000), 65_536, new Error("EIO"));
  const found = await scanners.scanViruses(broken, virusAsk([clamdAt(clamd.address)]));
  assert.deepEqual([found.failed, found.answers[0]?.detail], [true, ["unreadable: EIO"]]);
});

test("retired, it keeps no connection and finishes what is under way", async (t) => {
  const { clamd, scanners } = await started(t);
  const ask = virusAsk([clamdAt(clamd.address)]);
  await scanners.scanViruses(memoryMail(), ask);
  const { promise, resolve } = Promise.withResolvers<void>();
  clamd.script = async () => {
    await promise;
    return undefined;
  };
  const underWay = scanners.scanViruses(memoryMail(), ask);
  while (clamd.mails.length < 2) await new Promise(setImmediate);
  scanners.retire();
  resolve();
  assert.equal((await underWay).failed, false);
  while (clamd.open > 0) await new Promise(setImmediate);
});
