// `signpost testkeys` as a process, asking the servers that the configuration names over UDP and TCP: every way a
// record can be wrong, in one zone, and what is said of each.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestKey } from "../support/daemon.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { after, before, test } from "../support/limited.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const ours = createTestKey("rsa");
const other = createTestKey("rsa");
const data = ours.record.slice(1).join("");
/** A record of this text, in strings that the DNS can hold. */
const record = (text: string): readonly string[] => text.match(/.{1,255}/g) ?? [];
const long = { TXT: [record(`v=DKIM1; n=${"x".repeat(2000)}; p=${data}`)] };

/** Domain, its zone, and what is said of it: the result, and the faults found. */
const cases: Readonly<Record<string, readonly [zone: unknown, result: RegExp, faults: readonly string[]]>> = {
  "right.example": [{ TXT: [ours.record] }, /^pass$/, []],
  "long.example": [long, /^pass$/, []],
  "missing.example": [{ rcode: "NXDOMAIN" }, /^invalid \(public key: not available\)$/, ["no-record"]],
  "empty.example": [{ A: ["192.0.2.1"] }, /^invalid \(public key: not available\)$/, ["no-record"]],
  "different.example": [{ TXT: [other.record] }, /^fail \(another key is published\)$/, ["different-key"]],
  "revoked.example": [{ TXT: [["v=DKIM1; k=rsa; p="]] }, /^invalid \(public key: revoked\)$/, ["revoked"]],
  "testing.example": [{ TXT: [record(`v=DKIM1; t=y; p=${data}`)] }, /^pass$/, ["testing"]],
  "hash.example": [{ TXT: [record(`v=DKIM1; h=sha1; p=${data}`)] }, /^invalid \(h=sha1 /, ["hash-not-allowed"]],
  "service.example": [
    { TXT: [record(`v=DKIM1; s=tlsrpt; p=${data}`)] },
    /^invalid \(s=tlsrpt /,
    ["service-not-allowed"],
  ],
  "split.example": [
    { TXT: [record(`v=DKIM1; p=${data.slice(0, 200)}`), record(data.slice(200))] },
    /several records/,
    ["split-wrongly"],
  ],
  "cut.example": [
    { TXT: [record(`v=DKIM1; p=${data.slice(0, 240)}`)] },
    /^invalid \(public key: invalid data\)$/,
    ["cut-off"],
  ],
  "several.example": [{ TXT: [ours.record, other.record] }, /several records/, ["several-records"]],
  "foreign.example": [{ TXT: [record("v=spf1 -all"), ours.record] }, /^pass$/, ["foreign-record"]],
  "foreign-weak.example": [
    { TXT: [record(`v=DKIM1; t=y; p=${data}`), record("site-verification=abc")] },
    /^pass$/,
    ["testing", "foreign-record"],
  ],
  "padded.example": [
    { TXT: [record(`v=DKIM1; p=${data}=`)] },
    /^invalid \(public key: invalid data\)$/,
    ["record-syntax"],
  ],
  "alias.example": [{ CNAME: ["k1.esp.example"] }, /^pass$/, []],
  "dangling.example": [{ CNAME: ["k2.esp.example"] }, /^invalid \(public key: not available\)$/, ["dangling-alias"]],
  "servfail.example": [{ rcode: "SERVFAIL" }, /^invalid \(public key: DNS error: SERVFAIL\)$/, ["dns-trouble"]],
  "silent.example": [{ A: ["192.0.2.1"] }, /^invalid \(public key: DNS error: query timed out\)$/, ["dns-trouble"]],
};

let dns: FakeDns;
let folder: string;

before(async () => {
  const zone = Object.entries(cases).map(([domain, [records]]) => [`s._domainkey.${domain}`, records]);
  dns = await startFakeDns({ ...Object.fromEntries(zone), "k1.esp.example": { TXT: [ours.record] } });
  // What does not fit into a datagram comes over TCP.
  dns.fault = ({ name, transport }) => {
    if (name.includes("silent.example")) return "drop";
    return name.includes("long.example") && transport === "udp" ? "truncate" : "none";
  };
  folder = await mkdtemp(join(tmpdir(), "signpost-test-"));
  const keys = Object.keys(cases).map((domain) => `  - { domain: ${domain}, selector: s, file: key.pem }\n`);
  await writeFile(join(folder, "key.pem"), ours.pem, { mode: 0o600 });
  await writeFile(
    join(folder, "signpost.yaml"),
    `dkim_keys:\n${keys.join("")}dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 0.5s, tries: 1 }\ndaemon_user: root\n`,
  );
});

after(async () => {
  await dns?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

function testkeys(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const config = join(folder, "signpost.yaml");
    const child = execFile(
      process.execPath,
      [main, "testkeys", "--config", config, ...args],
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test("each fault is named, in words and in JSON", async () => {
  const [text, json] = [await testkeys(), await testkeys("--json")];
  assert.deepEqual([text.code, text.stderr, json.code], [1, "", 1]);
  const checks: readonly {
    domain: string;
    findings: readonly { fault: string }[];
    alias?: string;
    publish?: string;
  }[] = JSON.parse(json.stdout);
  for (const [index, [domain, [, result, faults]]] of Object.entries(cases).entries()) {
    const line = new RegExp(`^TESTING#${index + 1} ${domain}: s\\._domainkey\\.${domain} => (.*)$`, "m");
    assert.match(line.exec(text.stdout)?.[1] ?? "", result, domain);
    const check = checks.find((each) => each.domain === domain);
    assert.deepEqual(
      check?.findings.map(({ fault }) => fault),
      faults,
      domain,
    );
    // What to publish is told where another record would help, and there only.
    assert.equal(check?.publish !== undefined, !result.test("pass") && !faults.includes("dns-trouble"), domain);
  }
  assert.equal(checks.find(({ domain }) => domain === "alias.example")?.alias, "k1.esp.example");
  assert.ok(text.stdout.includes(`\n    the DNS was asked at 127.0.0.1:${dns.server.port}\n`));
  assert.match(text.stdout, /SHA256:[\w+/]{43}, .*key\.pem has SHA256:[\w+/]{43}/);
  assert.ok(dns.asked.some(({ name, transport }) => name.includes("long.example") && transport === "tcp"));
});

test("the exit code is that of the keys that were asked for", async () => {
  const code = async (...domains: readonly string[]) => (await testkeys(...domains)).code;
  assert.equal(await code("right.example", "testing.example", "alias.example"), 0);
  assert.equal(await code("right.example", "servfail.example", "silent.example"), 75);
  assert.equal(await code("servfail.example", "missing.example"), 1);
});
