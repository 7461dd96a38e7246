// Every file in test/corpora/amavisd-conf is read, and gives the settings and problems that stand beside it.
// UPDATE_CASES=1 writes them anew.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { readAmavisdConf } from "../../../src/amavis/read-conf.ts";
import { disk, loadConfig } from "../../../src/config/load.ts";
import type { ConfigSource } from "../../../src/config/source.ts";
import type { Files } from "../../../src/config/yaml-source.ts";

const folder = resolve(import.meta.dirname, "../../corpora/amavisd-conf");
const files: Files = {
  read: (path) => disk.read(resolve(folder, path)),
  glob: (pattern) =>
    disk.glob(resolve(folder, pattern)).map((found) => (isAbsolute(pattern) ? found : relative(folder, found))),
};
const options = { hostname: "host.example.com", environment: {} };

function read(path: string): ConfigSource {
  return readAmavisdConf(path, files, options);
}

function told(source: ConfigSource): string[] {
  return source.problems.map(
    ({ severity, place, message }) => `${severity} ${place?.line}:${place?.column} ${message}`,
  );
}

function fromText(text: string): ConfigSource {
  return readAmavisdConf("/etc/amavis/amavisd.conf", { read: () => text, glob: () => [] }, options);
}

const cases = readdirSync(folder).filter((name) => name.endsWith(".conf"));
for (const name of cases) {
  test(`reads ${name}`, () => {
    const source = read(name);
    const got = { settings: source.settings, problems: told(source) };
    const expected = join(folder, name.replace(/\.conf$/, ".json"));
    if (process.env["UPDATE_CASES"] === "1") writeFileSync(expected, `${JSON.stringify(got, null, 1)}\n`);
    assert.deepEqual(got, JSON.parse(readFileSync(expected, "utf8")));
  });
}

test("there are cases", () => {
  assert.ok(cases.length >= 14);
});

test("reads a folder in the order of its names, without what editors and packagers leave there", () => {
  const source = read("conf.d");
  assert.deepEqual(source.settings, { mydomain: "one.example", myhostname: "mail.one.example" });
  assert.deepEqual(source.problems, []);
});

test("a folder without anything in it holds no configuration files", (t) => {
  const empty = mkdtempSync(join(tmpdir(), "signpost-"));
  t.after(() => rmdirSync(empty));
  assert.deepEqual(told(read(empty)), [`error undefined:undefined ${empty} holds no configuration files`]);
});

test("a file that is not there is an error at its first line", () => {
  assert.deepEqual(told(read("absent.conf")), ["error 1:1 absent.conf cannot be read: No such file or directory"]);
});

test("locates settings, members of banks and elements of lists, across files", () => {
  const place = (path: (string | number)[], from: ConfigSource) => {
    const found = from.locate(path);
    return found === undefined ? undefined : `${found.file}:${found.line}:${found.column}`;
  };
  const howto = read("howto.conf");
  assert.equal(place(["mynetworks"], howto), "howto.conf:6:1");
  assert.equal(place(["mynetworks", 4], howto), "howto.conf:7:1");
  assert.equal(place(["dkim_keys", 0, "file"], howto), "howto.conf:3:32");
  assert.equal(place(["interface_policy", "10028"], howto), "howto.conf:36:18");
  assert.equal(place(["policy_bank", "ORIGINATING", "forward_method"], howto), "howto.conf:22:1");
  assert.equal(place(["policy_bank", "ORIGINATING", "no such key"], howto), "howto.conf:13:13");
  assert.equal(place(["nothing"], howto), undefined);
  const included = read("files.conf");
  assert.equal(place(["mydomain"], included), "parts/first.conf:1:1");
});

test("keys such as __proto__ are keys like any other", () => {
  const { settings } = fromText(
    "$policy_bank{'__proto__'} = { log_level => 1 }; %interface_policy = (constructor => 'A', __proto__ => 'B');",
  );
  assert.deepEqual(Object.keys(Object(settings["policy_bank"])), ["__proto__"]);
  assert.equal(JSON.stringify(settings["interface_policy"]), '{"constructor":"A","__proto__":"B"}');
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
  assert.equal(Object.hasOwn(Object.prototype, "log_level"), false);
});

test("nothing in a configuration is executed", () => {
  const text =
    "$mydomain = `touch /tmp/executed`; system('touch /tmp/executed'); exec 'x'; eval 'y'; open(F, '|x'); $x = qx{z};";
  const { settings, problems } = fromText(text);
  assert.deepEqual(settings, {});
  assert.ok(problems.length >= 5);
});

test("a file that is included is read wherever it is; one that is not there is an error", () => {
  const texts = new Map([
    [
      "/etc/amavis/conf.d/50-user",
      "include_config_files('/etc/amavis/site.conf');\nrequire '../keys/all';\ndo '/none/a';\n" +
        "include_optional_config_files('/none/b');\ninclude_config_files('/etc/amavis/absent.conf', '/etc/amavis/last');",
    ],
    ["/etc/amavis/site.conf", "$policy_bank{'OUT'}{originating} = 1;\ninclude_config_files('/srv/gone');"],
    ["/etc/amavis/keys/all", "dkim_key('out.example', 's1', '/srv/key.pem');"],
    ["/etc/amavis/last", "$mydomain = 'out.example';"],
  ]);
  const source = readAmavisdConf(
    "/etc/amavis/conf.d/50-user",
    {
      read(path) {
        const text = texts.get(path);
        if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
        return text;
      },
      glob: () => [],
    },
    options,
  );
  assert.deepEqual(Object.keys(source.settings).sort(), ["dkim_keys", "mydomain", "policy_bank"]);
  assert.deepEqual(
    source.problems.map(({ severity, place, message }) => `${severity} ${place?.file}:${place?.line} ${message}`),
    [
      "error /etc/amavis/site.conf:2 /srv/gone cannot be read: no such file",
      "error /etc/amavis/conf.d/50-user:5 /etc/amavis/absent.conf cannot be read: no such file",
    ],
  );
});

test("files that include each other in a circle are an error, not a hang", () => {
  const source = readAmavisdConf(
    "/a/x.conf",
    { read: (path) => `include_config_files('${path === "/a/x.conf" ? "y" : "x"}.conf');`, glob: () => [] },
    options,
  );
  assert.deepEqual(told(source), ["error 1:1 /a/x.conf includes itself"]);
});

test("relative names of included files start where those of the first file do", async () => {
  const texts: Readonly<Record<string, string>> = {
    "/a/amavisd.conf": "include_config_files('sub/more.conf'); $dkim_key_dir = 'keys';",
    "/a/sub/more.conf":
      "dkim_key('example.com', 's', 'k.pem'); @local_domains_maps = (read_hash('tab')); $QUARANTINEDIR = 'q';",
    "/a/tab": "example.com\n",
  };
  const { config } = await loadConfig("amavisd.conf", {
    cwd: "/a",
    hostname: "host.example.com",
    fronts: { ".conf": (path, from) => readAmavisdConf(path, from, options) },
    files: {
      read(path) {
        const text = texts[path];
        if (text === undefined) throw new Error(`no file ${path}`);
        return text;
      },
      glob: (pattern) => (pattern in texts ? [pattern] : []),
    },
  });
  assert.equal(config?.dkim_keys[0]?.file, "/a/k.pem");
  assert.deepEqual(config?.base.local_domains_maps, [{ file: "/a/tab" }]);
  assert.equal(config?.dkim_key_dir, "/a/keys");
});
