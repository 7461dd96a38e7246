import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { showkeys } from "../../../src/cli/showkeys.ts";
import { testkeys } from "../../../src/cli/testkeys.ts";
import { readPrivateKey } from "../../../src/signing/private-key.ts";
import { publicKeyData } from "../../../src/signing/record-text.ts";
import { corpusTest } from "../../support/corpora.ts";
import { ed25519Pem, rsaPem, shortPem } from "../signing/keys.ts";
import { folderFor, run } from "./run.ts";

function publicData(pem: string): string {
  const read = readPrivateKey(Buffer.from(pem));
  assert.ok("key" in read);
  return publicKeyData(read.key.object);
}

/** A folder with key files and a signpost.yaml that holds these lines. */
function setUp(t: TestContext, config: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = folderFor(t);
  // What root would see is what is looked at here.
  const settings = `${config}\ndaemon_user: root\n`;
  const all = { "rsa.pem": rsaPem, "ed.pem": ed25519Pem, "short.pem": shortPem, "signpost.yaml": settings, ...files };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content);
  return folder;
}

const withConfig = (...args: string[]): string[] => ["--config", "signpost.yaml", ...args];

const three = `dkim_keys:
  - { domain: example.org, selector: a, file: rsa.pem, t: s }
  - { domain: sub.example.com, selector: b, file: ed.pem, n: "a; b" }
  - { domain: "*.example.com", selector: w, file: rsa.pem }
`;

test("showkeys prints a record per key, strings of at most 255 octets, Ed25519 with its bare key", async (t) => {
  const folder = setUp(t, three);
  const { code, stdout } = await run(showkeys, withConfig(), folder);
  assert.equal(code, 0);
  const blocks = stdout.split("\n\n");
  assert.equal(blocks.length, 4);
  assert.equal(
    blocks[1],
    `; key#2 256 bits, s=b, d=sub.example.com, ${folder}/ed.pem
b._domainkey.sub.example.com.\t3600 TXT (
  "v=DKIM1; k=ed25519; n=a=3B b; p="
  "${publicData(ed25519Pem)}")`,
  );
  assert.match(
    blocks[2] ?? "",
    /\n; CANNOT DECLARE A WILDCARDED LABEL IN DNS, AVOID OR EDIT MANUALLY!\nw\._domainkey\.\*/,
  );
  const strings = [...stdout.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
  assert.ok(strings.every((each) => each.length <= 255));
  assert.ok(strings.join("").includes(publicData(rsaPem)));
});

test("showkeys selects domains and sorts them from the top level down", async (t) => {
  const folder = setUp(t, three);
  const shown = async (...selection: string[]) =>
    [...(await run(showkeys, withConfig(...selection), folder)).stdout.matchAll(/d=(\S+),/g)].map((match) => match[1]);
  assert.deepEqual(await shown("."), ["sub.example.com", "example.org"]);
  assert.deepEqual(await shown("example.org", ".example.com"), ["*.example.com", "sub.example.com", "example.org"]);
  assert.deepEqual(await shown("EXAMPLE.ORG."), ["example.org"]);
  assert.deepEqual(await shown("*.example.com"), ["*.example.com"]);
  const none = await run(showkeys, withConfig("example.com"), folder);
  assert.match(none.stdout, /^No DKIM private keys match the selection list\.$/m);
  // What programs read has no sentence in it.
  const piped = await run(showkeys, withConfig("example.com", "--format", "line"), folder);
  assert.deepEqual([piped.code, piped.stdout], [1, ""]);
  assert.match(piped.stderr, /^No DKIM private keys match the selection list\.$/m);
});

test("showkeys has amavisd's words where there is no key", async (t) => {
  const said = await run(showkeys, withConfig(), setUp(t, "mydomain: example.com\n"));
  assert.deepEqual(said, { code: 0, stdout: "No DKIM private keys declared in a config file.\n", stderr: "" });
});

test("showkeys --json gives the record whole and in strings", async (t) => {
  const folder = setUp(t, three);
  const { stdout } = await run(showkeys, withConfig("--json", "example.org"), folder);
  const [key] = JSON.parse(stdout);
  assert.equal(key.name, "a._domainkey.example.org");
  assert.equal(key.record, `v=DKIM1; t=s; p=${publicData(rsaPem)}`);
  assert.equal(key.strings.join(""), key.record);
  assert.deepEqual([key.number, key.type, key.bits, key.ttl], [1, "rsa", 2048, 3600]);
});

test("a key that cannot be read is told, the others are shown", async (t) => {
  const folder = setUp(t, `${three}  - { domain: example.net, selector: g, file: gone.pem }\n`);
  const said = await run(showkeys, withConfig(), folder);
  assert.equal(said.code, 1);
  assert.match(said.stdout, /; key#4 not available: No such file or directory, s=g, d=example\.net/);
  assert.match(
    said.stderr,
    /signpost\.yaml:5:\d+: warning: Can't open PEM file .*gone\.pem: No such file or directory/,
  );
  assert.match(said.stdout, /a\._domainkey\.example\.org/);
});

test("a selector used twice is an error with its place", async (t) => {
  const folder = setUp(
    t,
    "dkim_keys:\n  - { domain: a.example, selector: s, file: rsa.pem }\n  - { domain: a.example, selector: s, file: ed.pem }\n",
  );
  const said = await run(showkeys, withConfig(), folder);
  assert.equal(said.code, 78);
  assert.match(said.stderr, /signpost\.yaml:3:\d+: error: .*declared twice/);
});

const key = "dkim_keys: [{ domain: example.com, selector: s, file: rsa.pem }]\n";
const name = "s._domainkey.example.com";
const p = publicData(rsaPem);
const other = publicData(shortPem);

/** What the DNS holds, the first line that testkeys prints, what else it must say, and the exit code. */
const published: readonly (readonly [string, object, string, RegExp, number])[] = [
  ["the right key", { [name]: { TXT: [[`v=DKIM1; p=${p}`]] } }, "pass", /^TESTING#1[^\n]*\n$/, 0],
  [
    "in several strings",
    { [name]: { TXT: [["v=DKIM1; p=", p.slice(0, 200), p.slice(200)]] } },
    "pass",
    /^[^\n]*\n$/,
    0,
  ],
  [
    "beside other TXT records",
    { [name]: { TXT: [["v=spf1 -all"], [`p=${p}`]] } },
    "pass",
    /^[^\n]*\n {4}warning: another TXT record stands at the same name[^\n]*\n$/,
    0,
  ],
  [
    "nothing",
    {},
    "invalid (public key: not available)",
    /error: the name does not exist\n {4}publish:\n {6}s\._domainkey/,
    1,
  ],
  ["no TXT record", { [name]: { A: ["192.0.2.1"] } }, "invalid (public key: not available)", /has no TXT record/, 1],
  [
    "another TXT record",
    { [name]: { TXT: [["v=spf1 -all"]] } },
    "invalid (public key: not available)",
    /is no key: "v=spf1 -all"/,
    1,
  ],
  [
    "a TXT record with what a terminal acts on",
    { [name]: { TXT: [["v=spf1 \u009b2J\u202e\x1b"]] } },
    "invalid (public key: not available)",
    /is no key: "v=spf1 [^\x00-\x1f\x7f-\x9f\u202e]*"\n/,
    1,
  ],
  [
    "an alias to nowhere",
    { [name]: { CNAME: ["k.esp.example"] } },
    "invalid (public key: not available)",
    /alias \(CNAME\) of k\.esp\.example, which has no TXT/,
    1,
  ],
  [
    "an alias to the key",
    { [name]: { CNAME: ["k.esp.example"] }, "k.esp.example": { TXT: [[`p=${p}`]] } },
    "pass",
    /alias \(CNAME\) of k\.esp\.example\n/,
    0,
  ],
  ["SERVFAIL", { [name]: { rcode: "SERVFAIL" } }, "invalid (public key: DNS error: SERVFAIL)", /again later/, 75],
  [
    "no answer in time",
    { [name]: { rcode: "TIMEOUT" } },
    "invalid (public key: DNS error: query timed out)",
    /again later/,
    75,
  ],
  ["a revoked key", { [name]: { TXT: [["v=DKIM1; p="]] } }, "invalid (public key: revoked)", /withdrawn/, 1],
  [
    "another key",
    { [name]: { TXT: [[`v=DKIM1; p=${other}`]] } },
    "fail (another key is published)",
    /SHA256:\S+, \S*rsa\.pem has SHA256:/,
    1,
  ],
  [
    "a key of another type",
    { [name]: { TXT: [[`v=DKIM1; k=ed25519; p=${publicData(ed25519Pem)}`]] } },
    "invalid (public key: wrong type)",
    /k=ed25519, but the private key is rsa/,
    1,
  ],
  [
    "several keys",
    { [name]: { TXT: [[`p=${p}`], [`p=${other}`]] } },
    "invalid (public key: several records)",
    /2 key records/,
    1,
  ],
  [
    "a key over several records",
    { [name]: { TXT: [[`v=DKIM1; p=${p.slice(0, 200)}`], [p.slice(200)]] } },
    "invalid (public key: several records)",
    /spread over several/,
    1,
  ],
  [
    "a key that was cut off",
    { [name]: { TXT: [[`v=DKIM1; p=${p.slice(0, 239)}`]] } },
    "invalid (public key: invalid data)",
    /ends after 239 of 392 characters/,
    1,
  ],
  [
    "quotes inside",
    { [name]: { TXT: [[`v=DKIM1; p=${p.slice(0, 200)}" "${p.slice(200)}`]] } },
    "invalid (public key: invalid data)",
    /quotes or brackets/,
    1,
  ],
  [
    "another version",
    { [name]: { TXT: [[`v=DKIM2; p=${p}`]] } },
    "invalid (public key: unsupported version)",
    /v=DKIM1 is needed/,
    1,
  ],
  [
    "no tag list",
    { [name]: { TXT: [[`v=DKIM1; p=${p}; p=${p}`]] } },
    "invalid (public key: syntax error)",
    /no tag list/,
    1,
  ],
  [
    "a key that is none",
    { [name]: { TXT: [["v=DKIM1; p=AAAA"]] } },
    "invalid (public key: invalid data)",
    /no rsa public key/,
    1,
  ],
  [
    "h= without sha256",
    { [name]: { TXT: [[`v=DKIM1; h=sha1; p=${p}`]] } },
    "invalid (h=sha1 does not allow sha256)",
    /error: h=sha1/,
    1,
  ],
  [
    "s= without email",
    { [name]: { TXT: [[`v=DKIM1; s=tlsrpt; p=${p}`]] } },
    "invalid (s=tlsrpt does not allow email)",
    /error: s=tlsrpt/,
    1,
  ],
  ["t=y", { [name]: { TXT: [[`v=DKIM1; t=y; p=${p}`]] } }, "pass", /warning: t=y/, 0],
  [
    "t=s that the key was not declared with",
    { [name]: { TXT: [[`v=DKIM1; t=s; p=${p}`]] } },
    "pass",
    /warning: t=s/,
    0,
  ],
  [
    "escape sequences",
    { [name]: { TXT: [["v=DKIM1; p=\u001b[2J"]] } },
    "invalid (public key: invalid data)",
    /^[^\u001b]*$/,
    1,
  ],
];

for (const [what, zone, result, more, code] of published) {
  test(`testkeys: the DNS holds ${what}`, async (t) => {
    const folder = setUp(t, key, { "dns.json": JSON.stringify(zone) });
    const said = await run(testkeys, withConfig("--dns", "dns.json"), folder);
    assert.equal(said.stdout.split("\n")[0], `TESTING#1 example.com: ${name} => ${result}`);
    assert.match(said.stdout, more);
    assert.equal(said.code, code);
  });
}

test("testkeys warns of a short key, and says of wildcards and lost keys that nothing can be published", async (t) => {
  const folder = setUp(
    t,
    `dkim_keys:
  - { domain: example.com, selector: s, file: short.pem }
  - { domain: "*.example.com", selector: w, file: rsa.pem }
  - { domain: example.net, selector: g, file: gone.pem }
`,
    { "dns.json": JSON.stringify({ [name]: { TXT: [[`p=${other}`]] } }) },
  );
  const { stdout, code } = await run(testkeys, withConfig("--dns", "dns.json"), folder);
  assert.match(stdout, /#1 .* => pass\n {4}warning: the key has 1024 bits/);
  assert.match(stdout, /#2 .* => invalid \(public key: not available\)/);
  assert.match(stdout, /#3 .* => invalid \(private key: No such file or directory\)/);
  assert.doesNotMatch(stdout, /publish:/);
  assert.equal(code, 1);
});

test("testkeys --json tells result, findings and what to publish", async (t) => {
  const folder = setUp(t, key, { "dns.json": "{}" });
  const { stdout } = await run(testkeys, withConfig("--dns", "dns.json", "--json"), folder);
  assert.deepEqual(JSON.parse(stdout), [
    {
      number: 1,
      domain: "example.com",
      selector: "s",
      name,
      result: "invalid",
      reason: "public key: not available",
      findings: [{ fault: "no-record", severity: "error", text: "the name does not exist" }],
      publish: `v=DKIM1; p=${p}`,
    },
  ]);
});

test("testkeys with nothing to test does not claim success", async (t) => {
  const folder = setUp(t, key, { "dns.json": "{}" });
  const said = await run(testkeys, withConfig("--dns", "dns.json", "exmaple.com"), folder);
  assert.deepEqual(said, { code: 1, stdout: "No DKIM private keys match the selection list.\n", stderr: "" });
});

test("the public half in a record is the one OpenSSL makes", () => {
  const der = createPublicKey(rsaPem).export({ type: "spki", format: "der" });
  assert.equal(p, der.toString("base64"));
});

/** dkim_key('dom', 'sel', 'file', t => 's', …) as signpost.yaml has it. */
function toYaml(conf: string, corpus: string): string {
  const keys = [...conf.matchAll(/dkim_key\(([^\n]*)\);/g)].map((match) => {
    const words = [...(match[1] ?? "").matchAll(/'([^']*)'|(\w)=>/g)].map((word) => word[1] ?? word[2] ?? "");
    const [domain, selector, file, ...options] = words;
    const tags = Object.fromEntries(
      options.flatMap((tag, index) => (index % 2 === 0 ? [[tag, options[index + 1]]] : [])),
    );
    return { domain, selector, file: file?.replace("@DIR@", corpus), ...tags };
  });
  return `dkim_keys: ${JSON.stringify(keys)}`;
}

corpusTest("showkeys prints what amavisd prints", "amavisd-cli", async (corpus, t) => {
  const { cases } = JSON.parse(readFileSync(join(corpus, "showkeys.json"), "utf8"));
  for (const which of ["plain", "options", "wildcard"]) {
    const folder = setUp(t, toYaml(cases[which].conf, corpus));
    for (const [selection, wanted] of [
      [[], cases[which].showkeys],
      [["example.org"], cases[which]["showkeys_example.org"]],
    ] as const) {
      const said = await run(showkeys, withConfig(...selection), folder);
      assert.equal(said.stdout.replaceAll(corpus, "@DIR@"), wanted.stdout, which);
      assert.equal(said.code, wanted.rc);
    }
  }
});
