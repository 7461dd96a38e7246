// Every scanner in every kind of trouble, by a daemon at work: what becomes of the mail that meets it, what the log and the
// metrics say, and that the scanner is asked again once it is well. A bank with a port and a scanner of its own for each row.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type ClamdAct, type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { type FakeRspamd, type RspamdAct, rspamdAnswer, startFakeRspamd } from "../support/fake-rspamd.ts";
import { type FakeSpamd, type SpamdAct, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";

type Kind = "clamd" | "spamd" | "rspamd";

interface Row {
  readonly scanner: Kind;
  readonly trouble: string;
  /** Label of signpost_scanner_answers_total; clean and scored: it answered after all. */
  readonly result: string;
  /** Breaks the scanner; absent: it is not there. */
  readonly act?: ClamdAct | SpamdAct | RspamdAct | (() => Promise<ClamdAct | SpamdAct | RspamdAct>);
  /** The scanner takes connections and says nothing. */
  readonly hangs?: boolean;
  /** Acts while the mail still comes in, not behind it. */
  readonly early?: boolean;
}

/** A while, and then the usual answer: slow is not dead. */
const slowly = (answer: ClamdAct | SpamdAct | RspamdAct) => async () => {
  await sleep(300);
  return answer;
};
const big = "x".repeat(300_000);

const rows: readonly Row[] = [
  { scanner: "clamd", trouble: "is not there", result: "connect" },
  { scanner: "clamd", trouble: "takes connections and is silent", result: "timeout", hangs: true },
  { scanner: "clamd", trouble: "is silent once it has the mail", result: "timeout", act: "silent" },
  { scanner: "clamd", trouble: "is slow", result: "clean", act: slowly(undefined) },
  { scanner: "clamd", trouble: "talks garbage", result: "garbage", act: { raw: "220 mail.example.com ESMTP\r\n\0" } },
  { scanner: "clamd", trouble: "answers without end", result: "garbage", act: { raw: big } },
  { scanner: "clamd", trouble: "dies behind the mail", result: "closed", act: "reset" },
  { scanner: "clamd", trouble: "dies in the middle of the mail", result: "closed", act: "reset", early: true },
  { scanner: "clamd", trouble: "has no memory", result: "refused", act: "stream: Can't allocate memory ERROR" },
  { scanner: "clamd", trouble: "has a full disk", result: "refused", act: "stream: Can't write to file ERROR" },

  { scanner: "spamd", trouble: "is not there", result: "connect" },
  { scanner: "spamd", trouble: "takes connections and is silent", result: "timeout", hangs: true },
  { scanner: "spamd", trouble: "is silent once it has the mail", result: "timeout", act: { end: "silent" } },
  { scanner: "spamd", trouble: "is slow", result: "scored", act: slowly(spamdReply(1.5, "SLOW")) },
  { scanner: "spamd", trouble: "talks garbage", result: "garbage", act: "220 mail.example.com ESMTP\r\n\r\n" },
  { scanner: "spamd", trouble: "answers without end", result: "garbage", act: `SPAMD/1.1 0 EX_OK\r\n${big}` },
  { scanner: "spamd", trouble: "dies behind the mail", result: "closed", act: { end: "reset" } },
  { scanner: "spamd", trouble: "dies in the middle of the mail", result: "closed", act: { end: "reset" }, early: true },
  {
    scanner: "spamd",
    trouble: "dies in the middle of its answer",
    // It ends each of its answers with the end of the connection.
    result: "garbage",
    act: { octets: spamdReply(9, "A=9").slice(0, 60), end: "close" },
  },
  { scanner: "spamd", trouble: "has no child free", result: "refused", act: "SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n" },

  { scanner: "rspamd", trouble: "is not there", result: "connect" },
  { scanner: "rspamd", trouble: "takes connections and is silent", result: "timeout", hangs: true },
  { scanner: "rspamd", trouble: "is silent once it has the mail", result: "timeout", act: "silent" },
  {
    scanner: "rspamd",
    trouble: "is slow",
    result: "scored",
    act: slowly({ status: 200, body: rspamdAnswer(1.5, { SLOW: 1.5 }) }),
  },
  { scanner: "rspamd", trouble: "talks no HTTP", result: "garbage", act: { raw: "220 mail.example.com ESMTP\r\n" } },
  { scanner: "rspamd", trouble: "answers with a page", result: "garbage", act: { status: 200, body: "<html>" } },
  { scanner: "rspamd", trouble: "dies behind the mail", result: "closed", act: "reset" },
  {
    scanner: "rspamd",
    trouble: "dies in the middle of its answer",
    result: "closed",
    act: { raw: `HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${rspamdAnswer(9, {}).slice(0, 20)}` },
  },
  { scanner: "rspamd", trouble: "has no worker free", result: "refused", act: { status: 503, body: "{}" } },
  { scanner: "rspamd", trouble: "is asked too much", result: "refused", act: { status: 429, body: "{}" } },
];

type Fake = FakeClamd | FakeSpamd | FakeRspamd;
interface Stand {
  readonly row: Row;
  readonly name: string;
  readonly port: number;
  readonly scannerPort: number;
  fake: Fake | undefined;
}

const start: Readonly<Record<Kind, (port: number) => Promise<Fake>>> = {
  clamd: startFakeClamd,
  spamd: startFakeSpamd,
  rspamd: startFakeRspamd,
};
/** Spelled so that neither log nor metrics can mean another row. */
const nameOf = ({ scanner }: Row, index: number) => `${scanner}-${index}-`;

let hop: FakeNextHop;
let daemon: DaemonProcess;
let metricsPort: number;
const stands: Stand[] = [];

before(async () => {
  hop = await startFakeNextHop();
  metricsPort = await freePort();
  for (const [index, row] of rows.entries()) {
    const scannerPort = await freePort();
    const isThere = row.act !== undefined || row.hangs === true;
    const fake = isThere ? await start[row.scanner](scannerPort) : undefined;
    stands.push({ row, name: nameOf(row, index), port: await freePort(), scannerPort, fake });
  }
  const banks = stands.map(({ row, name, scannerPort }, index) => {
    // Where silence is looked at, for as short as may be; else for longer than a busy machine may stop.
    const timeout = row.result === "timeout" ? "1s" : "50s";
    const scanner = `[{ name: ${name}, type: ${row.scanner}, address: "127.0.0.1:${scannerPort}", timeout: ${timeout} }]`;
    return `  B${index}: { ${row.scanner === "clamd" ? "av_scanners" : "spam_scanners"}: ${scanner} }\n`;
  });
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
enable_dkim_verification: false
inet_socket_port: [${stands.map(({ port }) => port).join(", ")}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
interface_policy: { ${stands.map(({ port }, index) => `"${port}": B${index}`).join(", ")} }
policy_bank:
${banks.join("")}
spool: { dir: "@FOLDER@", free_space: 1M }
limits: { message_time: 150s }
metrics: { listen: "127.0.0.1:${metricsPort}" }
`);
});

after(async () => {
  await daemon.stop();
  for (const { fake } of stands) await fake?.close();
  await hop.close();
});

/** The reply, and the mail's line in the log. */
async function send(port: number, subject: string): Promise<{ readonly reply: string; readonly line: string }> {
  const client = await connected(port);
  // Long enough for a scanner to die in the middle of it.
  const reply = await submit(client, {
    data: mailText(subject, `${subject}\r\n${"0123456789abcdef\r\n".repeat(12_000)}`),
  });
  await client.ask("QUIT");
  return { reply, line: await daemon.line(`Message-ID: <${subject.replaceAll(/\W/g, "-")}@example.com>`) };
}

function breakIt({ row, fake }: Stand): void {
  if (fake === undefined) return;
  fake.isHung = row.hangs === true;
  const { act } = row;
  const acted = (typeof act === "function" ? act : () => act) as () => never;
  if (row.early === true && "onChunk" in fake) fake.onChunk = acted;
  else if (row.early === true && "onContent" in fake) fake.onContent = acted;
  else fake.script = acted;
}

async function heal(stand: Stand): Promise<void> {
  const { row, scannerPort } = stand;
  await stand.fake?.close();
  stand.fake = await start[row.scanner](scannerPort);
}

async function sample(series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(new RegExp(`^${series} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

const answers = (name: string, result: string) =>
  sample(`signpost_scanner_answers_total\\{scanner="${name}",kind="\\w+",result="${result}"\\}`);
const isUp = (name: string) => sample(`signpost_scanner_up\\{scanner="${name}",kind="\\w+"\\}`);

const delivered = (subject: string) =>
  hop.mails.filter(({ octets }) => octets.toString("latin1").includes(`\r\nMessage-ID: <${subject}@`));

for (const [index, row] of rows.entries()) {
  test(`a ${row.scanner} that ${row.trouble}: the mail goes on, and says so`, async () => {
    const stand = stands[index];
    assert.ok(stand !== undefined);
    const { name, port } = stand;
    const isFailure = row.result !== "clean" && row.result !== "scored";
    breakIt(stand);

    const first = await send(port, `first-${index}`);
    assert.match(first.reply, /^250 /);
    assert.equal(delivered(`first-${index}`).length, 1);
    assert.equal(first.line.includes(`scan_fail=${name}(${row.result})`), isFailure, first.line);
    assert.equal(first.line.includes("Passed UNCHECKED"), isFailure && row.scanner === "clamd", first.line);
    if (row.scanner !== "clamd") assert.match(first.line, isFailure ? /Hits: -,/ : /Hits: 1\.5,/);
    assert.equal(await answers(name, row.result), 1);

    if (row.result === "connect") {
      assert.equal(await isUp(name), 1);
      for (const again of ["second", "third"]) await send(port, `${again}-${index}`);
      await daemon.line(`scanner ${name} is down: `);
      assert.equal(await isUp(name), 0);
    }

    await heal(stand);
    const next = await send(port, `next-${index}`);
    assert.match(next.reply, /^250 /);
    assert.ok(!next.line.includes("scan_fail"), next.line);
    assert.match(next.line, row.scanner === "clamd" ? /Passed CLEAN/ : /Hits: 0\.5,/);
    assert.equal(delivered(`next-${index}`).length, 1);
    assert.equal(await isUp(name), 1);
  });
}
