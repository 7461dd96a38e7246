// Real clamd, spamd, rspamd and Redis: what they find, and what becomes of mail when they are gone or hang.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  type ContentScanners,
  createContentScanners,
  type SpamAsk,
  type VirusAsk,
} from "../../src/scanners/content-scanners.ts";
import type { SpamScanner, VirusScanner } from "../../src/settings/scanner-shape.ts";
import { createRedisConnect } from "../../src/shared-cache/redis.ts";
import { createSharedCache } from "../../src/shared-cache/shared-cache.ts";
import { createVerdictCache } from "../../src/verdicts/verdict-cache.ts";
import { after, before, test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { memoryMail, spooledMail } from "../support/scanned-mail.ts";
import {
  clamdStreamBytes,
  eicar,
  gtube,
  type ScannerDaemon,
  startClamd,
  startRspamd,
  startSpamd,
} from "../support/scanner-daemons.ts";
import { dkimPass, spamQuestion, spfPass, verified } from "../support/spam-question.ts";

const skip = skipWithout(
  missingProgram("clamd", "clamav-daemon") ??
    missingProgram("spamd") ??
    missingProgram("rspamd") ??
    missingProgram("redis-server"),
);

let clamd: ScannerDaemon;
let spamd: ScannerDaemon;
let rspamd: ScannerDaemon;

const started: ScannerDaemon[] = [];

before(async () => {
  if (skip !== false) return;
  const start = async (daemon: Promise<ScannerDaemon>) => {
    const running = await daemon;
    started.push(running);
    return running;
  };
  [clamd, spamd, rspamd] = await Promise.all([start(startClamd()), start(startSpamd()), start(startRspamd())]);
});

after(async () => {
  for (const daemon of started) await daemon.close();
});

function scannersFor(t: TestContext): ContentScanners {
  const scanners = createContentScanners();
  t.after(() => scanners.close());
  return scanners;
}

function virusAsk(address: string, timeout = 30): VirusAsk {
  const scanner: VirusScanner = { name: "ClamAV", type: "clamd", address, timeout, connections: 4 };
  const bank = { path: "", av_scanners: [scanner], av_scanners_backup: [], first_infected_stops_scan: false };
  return { bank, deadlineMs: performance.now() + 60_000 };
}

function spamAsk(type: "spamd" | "rspamd", address: string, given: Partial<SpamAsk> = {}): SpamAsk {
  const scanner: SpamScanner = {
    ...{ name: type, type, address, timeout: 30, connections: 2, score_factor: 1, mail_body_size_limit: null },
  };
  const { envelope, client, mailId } = spamQuestion();
  const bank = { path: "", spam_scanners: [scanner], sa_mail_body_size_limit: null };
  return { bank, envelope, client, mailId, deadlineMs: performance.now() + 60_000, ...given };
}

const mixed = 'From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n';
const attached = `--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(eicar).toString("base64")}\r\n--b--\r\n`;
const header =
  "From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1.2.3@example.com>\r\n";

test("clamd finds what is attached, by TCP and by its socket, and lets the rest through", { skip }, async (t) => {
  const scanners = scannersFor(t);
  for (const address of [clamd.address, clamd.socket ?? ""]) {
    const found = await scanners.scanViruses(memoryMail(attached, mixed), virusAsk(address));
    assert.deepEqual([found.names, found.failed], [["Own.Eicar.UNOFFICIAL"], false]);
    const word = Buffer.concat([Buffer.alloc(500_000, "x"), Buffer.from(" signpost-own-test-virus\r\n")]);
    assert.match((await scanners.scanViruses(spooledMail(word), virusAsk(address))).names.join(), /^Own\.Word/);
    const clean = await scanners.scanViruses(memoryMail(), virusAsk(address));
    assert.deepEqual([clean.names, clean.failed], [[], false]);
  }
  assert.deepEqual(
    scanners.stats().map(({ idle }) => idle),
    [1, 1],
    "one session carried them all",
  );
});

test("many mails at once, each with its own answer", { skip }, async (t) => {
  const scanners = scannersFor(t);
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      scanners.scanViruses(
        index % 2 === 0 ? memoryMail(attached, mixed) : memoryMail(`Mail ${index}.\r\n`),
        virusAsk(clamd.address),
      ),
    ),
  );
  assert.ok(all.every(({ names, failed }, index) => !failed && names.length === (index % 2 === 0 ? 1 : 0)));
});

test("above StreamMaxLength a mail is not clean, and the next one is scanned", { skip }, async (t) => {
  const scanners = scannersFor(t);
  const found = await scanners.scanViruses(
    spooledMail(Buffer.alloc(3 * clamdStreamBytes, "x")),
    virusAsk(clamd.address),
  );
  assert.equal(found.failed, true, JSON.stringify(found));
  assert.match(found.answers[0]?.detail[0] ?? "", /^(too-large|closed): /);
  assert.equal((await scanners.scanViruses(memoryMail(), virusAsk(clamd.address))).failed, false);
});

test("a clamd that hangs fails the mail; when it goes on, so does the scanning", { skip }, async (t) => {
  const scanners = scannersFor(t);
  await scanners.scanViruses(memoryMail(), virusAsk(clamd.address, 2));
  clamd.freeze();
  const found = await scanners.scanViruses(memoryMail(), virusAsk(clamd.address, 2));
  clamd.wake();
  assert.deepEqual([found.failed, found.answers[0]?.detail], [true, ["timeout: no answer within 2 s"]]);
  assert.equal((await scanners.scanViruses(memoryMail(), virusAsk(clamd.address))).failed, false);
});

test("a session outlives a restart of clamd", { skip }, async (t) => {
  const scanners = scannersFor(t);
  const own = await startClamd();
  await scanners.scanViruses(memoryMail(), virusAsk(own.address));
  await own.close();
  assert.equal((await scanners.scanViruses(memoryMail(), virusAsk(own.address))).failed, true);
});

test("spamd: GTUBE is spam, plain mail is not, tests come with their scores", { skip }, async (t) => {
  const scanners = scannersFor(t);
  for (const address of [spamd.address, spamd.socket ?? ""]) {
    const spam = await scanners.scoreSpam(memoryMail(`${gtube}\r\n`, header), spamAsk("spamd", address));
    assert.ok(spam.score !== undefined && spam.score > 900, JSON.stringify(spam));
    assert.deepEqual(
      spam.tests.find(({ name }) => name === "GTUBE"),
      { name: "GTUBE", score: 1000 },
    );
    const ham = await scanners.scoreSpam(memoryMail("How are you?\r\n", header), spamAsk("spamd", address));
    assert.ok(ham.score !== undefined && ham.score < 5, JSON.stringify(ham));
  }
});

test("spamd believes our results, on top of the copy, and not what the sender wrote", { skip }, async (t) => {
  const scanners = scannersFor(t);
  const forged = "X-Spam-Status: No, score=-100 tests=FORGED autolearn=ham\r\n";
  const mail = memoryMail("How are you?\r\n", `${forged}${header}`);
  const plain = await scanners.scoreSpam(mail, spamAsk("spamd", spamd.address));
  const proven = await scanners.scoreSpam(mail, spamAsk("spamd", spamd.address, { verified: verified(dkimPass) }));
  const names = (found: typeof plain) => found.tests.map(({ name }) => name);
  assert.ok(!names(plain).includes("OWN_DKIM") && names(proven).includes("OWN_DKIM"), JSON.stringify(proven));
  assert.ok(!names(plain).includes("FORGED"));
});

test("of a large mail spamd gets a copy that it can read to the end", { skip }, async (t) => {
  const scanners = scannersFor(t);
  const ask = spamAsk("spamd", spamd.address);
  const bank = { ...ask.bank, sa_mail_body_size_limit: 50_000 };
  const body = Buffer.concat([Buffer.from(`${gtube}\r\n`), Buffer.alloc(2_000_000, "words and words ")]);
  const found = await scanners.scoreSpam({ ...spooledMail(body), header: Buffer.from(header) }, { ...ask, bank });
  assert.ok(found.score !== undefined && found.score > 900, JSON.stringify(found));
});

test("rspamd: GTUBE is rejected, plain mail is not; our results stand in for checks of its own", {
  skip,
}, async (t) => {
  const scanners = scannersFor(t);
  const spam = await scanners.scoreSpam(memoryMail(`${gtube}\r\n`, header), spamAsk("rspamd", rspamd.address));
  assert.equal(spam.action, "reject", JSON.stringify(spam));
  const results = { verified: verified(dkimPass, spfPass) };
  const ham = await scanners.scoreSpam(
    memoryMail("How are you?\r\n", header),
    spamAsk("rspamd", rspamd.address, results),
  );
  const names = ham.tests.map(({ name }) => name);
  assert.ok(
    ham.score !== undefined && names.includes("R_DKIM_ALLOW") && names.includes("R_SPF_ALLOW"),
    JSON.stringify(ham),
  );
});

test("both are asked, and their scores are added", { skip }, async (t) => {
  const scanners = scannersFor(t);
  const ask = spamAsk("spamd", spamd.address);
  const both = [...ask.bank.spam_scanners, ...spamAsk("rspamd", rspamd.address).bank.spam_scanners];
  const found = await scanners.scoreSpam(memoryMail(`${gtube}\r\n`, header), {
    ...ask,
    bank: { ...ask.bank, spam_scanners: both },
  });
  assert.equal(found.scanner, "spamd, rspamd");
  assert.ok(found.tests.some(({ name }) => name === "GTUBE") && found.score !== undefined && found.score > 900);
});

test("filters share verdicts through Redis, and go on without it", { skip }, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.close());
  const told: string[] = [];
  async function filter(): Promise<ContentScanners> {
    const connected = Promise.withResolvers<void>();
    const connect = createRedisConnect({ at: { host: "127.0.0.1", port: redis.port, isTls: false }, database: 0 });
    const tell = (severity: string) => (severity === "notice" ? connected.resolve() : undefined);
    const shared = createSharedCache({ connect, name: "redis", prefix: "t:", timeoutMs: 5000, tell });
    shared.open();
    await connected.promise;
    t.after(() => shared.close());
    const ttls = { ham: 60_000, spam: 60_000, clean: 60_000, infected: 60_000 };
    const verdicts = createVerdictCache({
      ttls,
      key: "full",
      shared,
      asked: (kind, result) => told.push(`${kind} ${result}`),
    });
    const scanners = createContentScanners({ verdicts });
    t.after(() => scanners.close());
    return scanners;
  }
  const [one, other] = [await filter(), await filter()];
  const virus = (scanners: ContentScanners, body = attached) =>
    scanners.scanViruses(memoryMail(body, mixed), virusAsk(clamd.address));
  assert.deepEqual(
    [(await virus(one)).cached, (await virus(other)).cached, (await virus(other)).names],
    [false, true, ["Own.Eicar.UNOFFICIAL"]],
  );
  assert.deepEqual(told, ["virus miss", "virus shared", "virus hit"]);
  await redis.kill();
  assert.deepEqual([(await virus(one)).cached, (await virus(one, `${attached}more\r\n`)).cached], [true, false]);
});
