import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyDeclaration } from "../../../src/signing/key-settings.ts";
import type { Keyring } from "../../../src/signing/keyring.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import type { PrivateKey } from "../../../src/signing/private-key.ts";
import type { SigningKey } from "../../../src/signing/signing-key.ts";
import { countWork } from "../../support/work.ts";
import { ed25519Pem, filesOf, rsaPem, shortPem, systemError } from "./keys.ts";

const files = filesOf({
  "/k/a.pem": rsaPem,
  "/k/b.pem": ed25519Pem,
  "/k/short.pem": shortPem,
  "/k/locked.pem": systemError("EACCES"),
});

function load(...keys: KeyDeclaration[]) {
  return loadKeyring({ dkim_keys: keys }, files);
}

function opened(keyring: Keyring, key: SigningKey): PrivateKey | undefined {
  const read = keyring.open(key);
  return "key" in read ? read.key : undefined;
}

test("keys are found by domain in the order of declaration, wildcards in their place", () => {
  const { keyring, problems } = load(
    { domain: "*.example.com", selector: "w", file: "/k/a.pem" },
    { domain: "a.example.com", selector: "x", file: "/k/a.pem" },
    { domain: { regexp: "^a[.]ex" }, selector: "r", file: "/k/b.pem" },
    { domain: "Example.ORG.", selector: "FOO", file: "/k/a.pem" },
    { domain: "bücher.example", selector: "i", file: "/k/a.pem" },
  );
  const selectors = (domain: string) => keyring.find(domain).map(({ selector }) => selector);
  assert.deepEqual(selectors("a.example.com"), ["w", "x", "r"]);
  assert.deepEqual(selectors("example.com"), []);
  assert.deepEqual(selectors("example.org"), ["foo"]);
  assert.deepEqual(selectors("xn--bcher-kva.example"), ["i"]);
  assert.deepEqual(
    problems.map(({ severity }) => severity),
    ["note", "note"],
  );
});

test("a file that several keys name is read once and is one KeyObject", () => {
  const some = filesOf({ "/k/a.pem": rsaPem });
  const { keyring } = loadKeyring(
    { dkim_keys: [1, 2, 3].map((n) => ({ domain: `d${n}.example`, selector: "s", file: "/k/a.pem" })) },
    some,
  );
  assert.deepEqual(some.reads, ["/k/a.pem"]);
  const objects = new Set(keyring.keys.map((key) => opened(keyring, key)?.object));
  assert.equal(objects.size, 1);
  assert.deepEqual(some.reads, ["/k/a.pem"]);
});

test("an unreadable key is a warning and stays in the keyring as unavailable", () => {
  const { keyring, problems } = load(
    { domain: "example.com", selector: "s", file: "/k/locked.pem" },
    { domain: "example.net", selector: "s", file: "/k/gone.pem" },
    { domain: "example.org", selector: "s", file: "/k/a.pem" },
  );
  assert.deepEqual(
    problems.map(({ severity, message, path }) => [severity, message, path]),
    [
      [
        "warning",
        "Can't open PEM file /k/locked.pem: Permission denied; mail of example.com is deferred",
        ["dkim_keys", 0],
      ],
      [
        "warning",
        "Can't open PEM file /k/gone.pem: No such file or directory; mail of example.net is deferred",
        ["dkim_keys", 1],
      ],
    ],
  );
  assert.deepEqual(
    keyring.keys.map((key) => keyring.open(key)).map((read) => ("trouble" in read ? read.trouble : read.key.type)),
    ["Permission denied", "No such file or directory", "rsa"],
  );
});

const wrong: readonly (readonly [string, KeyDeclaration, RegExp])[] = [
  ["no file and no key", { domain: "a.example", selector: "s" }, /neither a file nor a key/],
  ["a domain that is none", { domain: "a b", selector: "s", file: "/k/a.pem" }, /"a b" is no domain/],
  ["a selector that is none", { domain: "a.example", selector: "s s", file: "/k/a.pem" }, /"s s" is no selector/],
  ["a regexp that is none", { domain: { regexp: "(" }, selector: "s", file: "/k/a.pem" }, /in the pattern "\("/],
  [
    "k= of another type",
    { domain: "a.example", selector: "s", file: "/k/b.pem", k: "rsa" },
    /k=rsa, but the key is ed25519/,
  ],
];

for (const [name, declaration, message] of wrong) {
  test(`refuses ${name}`, () => {
    const { problems } = load(declaration);
    assert.equal(problems[0]?.severity, "error");
    assert.match(problems[0]?.message ?? "", message);
  });
}

test("refuses a selector that is used twice for a domain", () => {
  const { problems } = load(
    { domain: "a.example", selector: "s", file: "/k/a.pem" },
    { domain: "A.example", selector: "S", file: "/k/b.pem" },
  );
  assert.deepEqual(problems, [
    { severity: "error", message: "dkim_key: selector s for domain a.example already in use", path: ["dkim_keys", 1] },
  ]);
});

test("notes short keys and the historic g tag", () => {
  const { problems } = load({ domain: "a.example", selector: "s", file: "/k/short.pem", g: "*" });
  assert.deepEqual(
    problems.map(({ severity }) => severity),
    ["note", "note"],
  );
});

test("a folder of keys without any is told: it may be a disk that is not mounted", () => {
  const { problems } = loadKeyring({ dkim_key_dir: "/d" }, filesOf({ "/d/README": "", "/d/example.com.pem": rsaPem }));
  assert.deepEqual(problems, [
    {
      severity: "warning",
      message: "there is no key in /d, where DOMAIN/SELECTOR.pem is looked for",
      path: ["dkim_key_dir"],
    },
  ]);
});

test("takes keys from a folder, by domain and selector, and leaves alone what is no key", () => {
  const { keyring, problems } = loadKeyring(
    {
      dkim_keys: [{ domain: "b.example", selector: "2025", file: "/d/c.example/s.pem" }],
      dkim_key_dir: "/d",
    },
    filesOf({
      "/d/README": "",
      "/d/.git/config": "",
      "/d/a.example/2025b.pem": rsaPem,
      "/d/a.example/2025a.pem": rsaPem,
      "/d/a.example/notes.txt": "",
      "/d/b.example/2025.pem": systemError("EACCES"),
      "/d/c.example/s.pem": ed25519Pem,
      "/d/d.example/s.pem": systemError("EACCES"),
      "/d/e.example": systemError("EACCES"),
    }),
  );
  const found = (domain: string) => keyring.find(domain).map((key) => [key.selector, opened(keyring, key)?.type]);
  assert.deepEqual(found("a.example"), [
    ["2025a", "rsa"],
    ["2025b", "rsa"],
  ]);
  assert.deepEqual(found("b.example"), [["2025", "ed25519"]]);
  assert.deepEqual(found("c.example"), [["s", "ed25519"]]);
  assert.deepEqual(found("d.example"), [["s", undefined]]);
  assert.deepEqual(found("e.example"), [["", undefined]]);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [
      "Can't open PEM file /d/d.example/s.pem: Permission denied; mail of d.example is deferred",
      "Can't read folder /d/e.example: Permission denied; mail of e.example is deferred",
    ],
  );
});

test("thousands of domains are read in linear time and found by map, not by search", () => {
  const load = (count: number) =>
    loadKeyring(
      {
        dkim_keys: Array.from({ length: count }, (_, n) => ({
          domain: `d${n}.example`,
          selector: "s",
          file: "/k/a.pem",
        })),
      },
      files,
    ).keyring;
  assert.ok(countWork(() => load(8000)) <= 2.2 * countWork(() => load(4000)));
  const [few, many] = [load(100), load(8000)];
  assert.equal(many.keys.length, 8000);
  assert.equal(many.find("d7999.example")[0]?.number, 8000);
  assert.ok(countWork(() => many.find("d7999.example")) <= 2 * countWork(() => few.find("d99.example")));
});
