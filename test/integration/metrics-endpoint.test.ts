// The daemon as a process, mail through it, and what its endpoint then says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { sendMail } from "../support/send-mail.ts";

let daemon: DaemonProcess;
let hop: FakeNextHop;
let dns: FakeDns;
let [incoming, originating, port] = [0, 0, 0];

before(async () => {
  [incoming, originating, port] = [await freePort(), await freePort(), await freePort()];
  hop = await startFakeNextHop();
  const key = createTestKey("ed25519");
  dns = await startFakeDns({ "s1._domainkey.example.com": { TXT: [key.record] } });
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: []
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s1, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: [${incoming}, ${originating}]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
interface_policy: { "${originating}": ORIGINATING }
policy_bank: { ORIGINATING: { originating: true } }
dns: { servers: ["${dns.server.address}:${dns.server.port}"] }
metrics: { listen: "127.0.0.1:${port}", names: [prometheus-asks.example] }
pool: { threads: 1 }
`);
});

after(async () => {
  await daemon?.stop();
  await hop?.close();
  await dns?.close();
});

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Page> {
  return new Promise((resolve, reject) => {
    // A connection that is kept may be closed for one too many.
    const asking = request({ host: "127.0.0.1", port, path, headers, method, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
      );
    });
    asking.on("error", reject);
    asking.end();
  });
}

/** The value of one series; undefined where there is none. */
function value(text: string, series: string): number | undefined {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Mail is counted just after its reply; asks until it shows. */
async function metricsWith(series: string, wanted: number): Promise<string> {
  for (;;) {
    const { text } = await get("/metrics");
    if ((value(text, series) ?? 0) >= wanted) return text;
  }
}

test("a signed, an unsigned and a verified mail show in the counters, by bank and reason", async () => {
  const ours = "From: a@example.com\r\nSubject: x\r\n\r\nhello\r\n";
  const foreign = "From: a@elsewhere.example\r\nSubject: x\r\n\r\nhello\r\n";
  await sendMail(originating, { octets: ours, sender: "a@example.com", recipients: ["b@elsewhere.example"] });
  await sendMail(originating, { octets: foreign, sender: "a@elsewhere.example", recipients: ["b@elsewhere.example"] });
  const signed = hop.mails[0]?.octets.toString("latin1") ?? "";
  await sendMail(incoming, { octets: signed, sender: "a@example.com", recipients: ["b@example.com"] });
  const text = await metricsWith('signpost_messages_total{bank="(base)",outcome="passed"}', 1);
  const expected: readonly (readonly [string, number])[] = [
    ['signpost_messages_total{bank="ORIGINATING",outcome="passed"}', 2],
    ['signpost_signatures_total{domain="example.com",algorithm="ed25519-sha256"}', 1],
    ['signpost_not_signed_total{reason="no-key-for-domain"}', 1],
    ['signpost_not_signed_total{reason="not-originating"}', 1],
    ['signpost_not_signed_total{reason="key-unavailable"}', 0],
    ['signpost_verifications_total{direction="incoming",method="dkim",result="pass"}', 1],
    ['signpost_dns_lookups_total{type="TXT",result="found"}', 1],
    [`signpost_next_hop_replies_total{next_hop="smtp:[127.0.0.1]:${hop.port}",class="2xx",origin="next-hop"}`, 3],
    [`signpost_connections_total{listener="127.0.0.1:${incoming}"}`, 1],
    ['signpost_recipients_total{direction="Inbound",action="passed"}', 1],
    ['signpost_stage_duration_seconds_count{stage="relay"}', 3],
    ["signpost_message_duration_seconds_count", 3],
    ['signpost_pool_threads{state="alive"}', 1],
    ["signpost_config_generation", 1],
  ];
  for (const [series, wanted] of expected) assert.equal(value(text, series), wanted, series);
  // The first job of all is alone.
  assert.ok((value(text, "signpost_pool_in_place_total") ?? 0) >= 1);
});

test("OpenMetrics is for those who ask, and ends with its mark", async () => {
  const page = await get("/metrics", { accept: "application/openmetrics-text; version=1.0.0" });
  assert.match(page.type, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.ok(page.text.endsWith("\n# EOF\n"));
  assert.match((await get("/metrics")).type, /^text\/plain; version=0\.0\.4/);
});

test("promtool finds nothing to complain about", {
  skip: skipWithout(missingProgram("promtool", "prometheus")),
}, async () => {
  const { text } = await get("/metrics");
  const said = await new Promise<string>((resolve) => {
    const child = execFile("promtool", ["check", "metrics"], (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(text);
  });
  assert.equal(said, "");
});

test("/livez, /readyz and what is not there", async () => {
  assert.equal((await get("/livez")).status, 200);
  assert.deepEqual(await get("/readyz"), { status: 200, type: "text/plain; charset=utf-8", text: "ok\n" });
  assert.equal((await get("/")).status, 404);
  assert.equal((await get("/metrics", {}, "POST")).status, 405);
  assert.equal((await get("/metrics", {}, "HEAD")).text, "");
});

test("garbage and silence on the endpoint cost nobody else anything", async () => {
  const silent = connect(port, "127.0.0.1");
  const garbage = connect(port, "127.0.0.1");
  const closed = new Promise((resolve) => garbage.on("close", resolve));
  garbage.on("error", () => undefined);
  garbage.end("\x16\x03\x01\x00\r\n\r\n");
  await closed;
  assert.equal((await get("/livez")).status, 200);
  silent.destroy();
});

test("a page of somebody else's that has its name lead here reads nothing", async () => {
  for (const host of ["rebound.example", `rebound.example:${port}`, "localhost.rebound.example"]) {
    assert.equal((await get("/metrics", { host })).status, 421, host);
  }
  for (const host of ["127.0.0.1", `localhost:${port}`, "[::1]:9925", "MAIL.example.com", "prometheus-asks.example"]) {
    assert.equal((await get("/metrics", { host })).status, 200, host);
  }
});

test("connections that say nothing do not keep Prometheus out, however many they are", async () => {
  const silent = Array.from({ length: 50 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  assert.equal((await get("/metrics")).status, 200);
  for (const socket of silent) socket.destroy();
});
