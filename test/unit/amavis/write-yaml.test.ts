// The signpost.yaml that `import` writes means the same as the amavisd.conf it was made of.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { readAmavisdConf } from "../../../src/amavis/read-conf.ts";
import { writeYaml } from "../../../src/amavis/write-yaml.ts";
import { importConf } from "../../../src/cli/import.ts";
import type { Config } from "../../../src/config/config.ts";
import { disk, loadConfig } from "../../../src/config/load.ts";
import { corpus } from "../../support/corpora.ts";

const own = resolve(import.meta.dirname, "../../corpora/amavisd-conf");
const folders = [own, corpus("amavisd-conf")].filter((folder) => folder !== undefined);
const options = { hostname: "host.example.com", environment: {} };

/** The Config of a text, as if it stood beside the file it came from (relative names start there). */
async function configOf(folder: string, name: string, text: string): Promise<Config | undefined> {
  const file = join(folder, name);
  const loaded = await loadConfig(file, {
    files: { read: (path) => (path === file ? text : disk.read(path)), glob: disk.glob },
    fronts: { ".conf": (path, files) => readAmavisdConf(path, files, options) },
    hostname: options.hostname,
  });
  return loaded.config;
}

for (const folder of folders) {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".conf"))) {
    test(`${name} and the signpost.yaml made of it give the same configuration`, async () => {
      const file = join(folder, name);
      const direct = await configOf(folder, name, readFileSync(file, "utf8"));
      const yaml = writeYaml(readAmavisdConf(file, disk, options), [name]);
      const imported = await configOf(folder, name.replace(/\.conf$/, ".yaml"), yaml);
      // With errors the import holds what is left, and is no measure.
      if (direct !== undefined) assert.deepEqual(imported, direct);
    });
  }
}

test("comments name the lines, and the head tells what was not taken", () => {
  const text =
    "$log_level = 2;\n$max_requests = 3;\n$unheard_of = 1;\n$policy_bank{'A'} = {\n  originating => 1,\n};\ndkim_key('example.com', 's', '/k');\n";
  const source = readAmavisdConf("/etc/amavis/amavisd.conf", { read: () => text, glob: () => [] }, options);
  assert.equal(
    writeYaml(source, ["/etc/amavis/amavisd.conf"]),
    [
      '# Made by "signpost import" from /etc/amavis/amavisd.conf.',
      "# Comments name the line that a setting comes from.",
      "",
      "# Not taken, or not as it stands there:",
      "#   amavisd.conf:3: warning: neither amavisd nor signpost knows $unheard_of",
      "",
      "log_level: 2 # amavisd.conf:1",
      "# amavisd.conf:4",
      "policy_bank:",
      "  # amavisd.conf:4",
      "  A:",
      "    originating: true # amavisd.conf:5",
      "# amavisd.conf:7",
      "dkim_keys:",
      "  # amavisd.conf:7",
      "  - { domain: example.com, selector: s, file: /k }",
      "",
    ].join("\n"),
  );
});

async function run(args: readonly string[], cwd: string) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await importConf.run(args, {
    stdout: (text) => out.push(String(text)),
    stderr: (text) => err.push(text),
    stdin: async () => new Uint8Array(),
    readLine: async () => "",
    env: {},
    cwd,
    terminal: false,
    now: () => 0,
    signal: new AbortController().signal,
  });
  return { code, out: out.join(""), err: err.join("") };
}

test("import prints YAML on standard output and problems on standard error", async () => {
  const good = await run(["howto.conf"], own);
  assert.equal(good.code, 0);
  // Every name of the howto has its effect.
  assert.equal(good.err, "");
  assert.match(good.out, /^policy_bank:$/m);
  const bad = await run(["broken.conf"], own);
  assert.equal(bad.code, 65);
  assert.match(bad.err, /^broken\.conf:2:22: error: /m);
  assert.match(bad.out, /^# {3}broken\.conf:2: error: /m);
  assert.match(bad.out, /^mydomain: example\.com # broken\.conf:1$/m);
  const demanding = await run(["demand.conf"], own);
  assert.equal(demanding.code, 65);
  assert.match(demanding.err, /^demand\.conf:2:\d+: error: enable_ldap: nothing looks into LDAP/m);
  const folder = await run(["conf.d"], own);
  assert.match(folder.out, /^myhostname: mail\.one\.example # 50-two:1$/m);
  assert.equal((await run(["absent.conf"], own)).code, 66);
  await assert.rejects(run([], own), /File name of an amavisd.conf not provided/);
  await assert.rejects(run(["--output", "x"], own), /Unknown option/);
});
