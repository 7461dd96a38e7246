// A configuration whose files another process reads against the same read here.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LookupMap } from "../../../src/lookup/table.ts";
import { createRouter } from "../../../src/policy/router.ts";
import { atOnce } from "../../../src/process/slices.ts";
import { loadSettings } from "../../../src/reading/load-settings.ts";
import { openSettings } from "../../../src/reading/open-settings.ts";
import { type PlainReading, plainReading } from "../../../src/reading/plain-settings.ts";
import { readSettings } from "../../../src/reading/read-settings.ts";
import type { Settings } from "../../../src/reading/settings.ts";
import { createTestKey } from "../../support/daemon.ts";

const configuration = (folder: string) => `
myhostname: kept.example.com
mynetworks: [127.0.0.0/8, "!10.1.0.0/16", 10.0.0.0/8]
local_domains_maps: [[.example.com], { file: table }]
dkim_keys:
  - { domain: a.example, selector: s, file: ${folder}/key.pem }
  - { domain: "*.glob.example", selector: g, file: ${folder}/key.pem, t: s }
  - { domain: { regexp: "^r[0-9]+[.]example$" }, selector: r, file: ${folder}/other.pem }
  - { domain: b.example, selector: s, file: ${folder}/missing.pem }
dkim_keytable: ${folder}/KeyTable
dkim_signingtable: refile:${folder}/SigningTable
spam_lovers_maps:
  - { joe@example.com: true, .example.com: false }
  - { regexp: [["^jane@", true], "^(?i)root@"] }
interface_policy: { "10026": ORIGINATING }
policy_bank:
  ORIGINATING:
    originating: true
    spam_lovers_maps: [true]
`;

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-reader-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  return folder;
}

function settle(reading: PlainReading, folder: string) {
  return atOnce(openSettings(reading, folder));
}

/** What decisions and signatures are made of. */
function tellAll({ config, keyring, tables }: Settings) {
  const router = createRouter(config, tables);
  const bank = router.atConnect({ address: "127.0.0.1", port: 10026 });
  const addresses = ["joe@example.com", "u@sub.example.com", "jane@x.example", "ROOT@x", "two@table.example", "u@no"];
  const asked = (map: LookupMap<unknown>) => addresses.map((address) => map.all(address));
  const table = keyring.signingTable;
  return {
    config,
    loaded: bank.loaded,
    lookups: [router.base, bank].flatMap((each) => [asked(each.spam_lovers_maps), asked(each.local_domains_maps)]),
    networks: ["127.0.0.1", "10.1.2.3", "10.2.2.3", "192.0.2.1"].map((each) => bank.mynetworks_maps.contains(each)),
    found: ["a.example", "x.glob.example", "r7.example", "b.example", "c.example"].map((domain) =>
      keyring.find(domain).map((key) => [{ ...key, pattern: key.pattern?.text }, keyring.open(key)]),
    ),
    named: ["u@t.example", "boss@t.example", "u@x.w.example", "u@gone.example"].map((address) => {
      const [user = "", domain = ""] = address.split("@");
      return table?.match(user, domain).map((entry) => {
        const named = table.keyFor(entry, domain);
        return [entry, "missing" in named ? named.missing : [named.domain, named.key.selector, named.key.number]];
      });
    }),
    keys: keyring.keys.map(({ number, domain, selector }) => [number, domain, selector]),
  };
}

test("decisions, places and keys are those that reading it here gives", async (t) => {
  const folder = await folderWith(t, {
    "key.pem": createTestKey("ed25519").pem,
    "other.pem": createTestKey("rsa").pem,
    table: "table.example 1\n# a comment\ntwo@table.example 1\n",
    KeyTable: "k1 t.example:s1:key.pem\nper %:s2:./%.pem\nbroken t.example\n".replaceAll(":key.pem", ":./key.pem"),
    SigningTable: "boss@t.example k1:t.example\n*@t.example k1\n*.w.example per\n*@gone.example none\n",
    "x.w.example.pem": createTestKey("ed25519").pem,
  });
  const file = join(folder, "signpost.yaml");
  await writeFile(file, configuration(folder), { mode: 0o600 });
  const here = await loadSettings(file, folder);
  const reading = await readSettings(file, folder);
  const there = settle(reading, folder);
  assert.deepEqual(there.problems, here.problems);
  assert.ok(here.settings !== undefined && there.settings !== undefined);
  assert.deepEqual(tellAll(there.settings), tellAll(here.settings));
  assert.ok(Object.isFrozen(there.settings.config.policy_bank.get("ORIGINATING")));
  // For a process that is started later: the same, whatever is in the configuration's files by then.
  await rm(join(folder, "table"));
  await rm(file);
  const again = settle(structuredClone(reading), folder);
  assert.ok(again.settings !== undefined);
  assert.deepEqual(tellAll(again.settings), tellAll(here.settings));
});

test("where things stand in an amavisd.conf is told as well", async (t) => {
  const folder = await folderWith(t, {
    "amavisd.conf": `$mydomain = 'example.com';
@mynetworks = qw( 127.0.0.0/8
                  192.168.0.0/16 );
$policy_bank{'MYNETS'} = { spam_lovers_maps => [ { 'joe@example.com' => 1 } ] };
1;
`,
  });
  const read = await loadSettings("amavisd.conf", folder);
  const opened = settle(plainReading(read.files, []), folder);
  assert.ok(opened.settings !== undefined && read.settings !== undefined);
  const origins = ({ config, tables }: Settings) => {
    const { base, load } = createRouter(config, tables);
    return [
      base.mynetworks_maps.contains("192.168.1.1")?.origin,
      load(base, ["MYNETS"], "command").spam_lovers_maps.first("joe@example.com")?.origin,
    ];
  };
  for (const origin of origins(opened.settings)) assert.match(origin ?? "", /^amavisd\.conf:\d+:\d+$/);
  assert.deepEqual(origins(opened.settings), origins(read.settings));
});

test("what is wrong is told with its place, of key files too", async (t) => {
  const folder = await folderWith(t, { "broken.yaml": "myhostname: a.example\nmyhostnam: b\n" });
  const broken = await readSettings("broken.yaml", folder);
  assert.equal(broken.plain, undefined);
  assert.deepEqual(
    broken.problems.map(({ severity, place }) => [severity, place]),
    [["error", { file: "broken.yaml", line: 2, column: 1 }]],
  );

  const file = join(folder, "open.yaml");
  await writeFile(file, "dkim_keys:\n  - { domain: a.example, selector: s, file: open.pem }\n", { mode: 0o600 });
  await writeFile(join(folder, "open.pem"), createTestKey("ed25519").pem);
  await chmod(join(folder, "open.pem"), 0o602);
  const { settings, problems } = settle(await readSettings(file, folder), folder);
  assert.equal(settings, undefined);
  const [problem] = problems.filter(({ severity }) => severity === "error");
  assert.match(problem?.message ?? "", /everybody on this machine can put another key into/);
  assert.equal(problem?.place?.line, 2);
});
