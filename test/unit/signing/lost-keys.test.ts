import assert from "node:assert/strict";
import { test } from "node:test";
import { atOnce } from "../../../src/process/slices.ts";
import type { KeyDeclaration, KeySettings } from "../../../src/signing/key-settings.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { lostKeys } from "../../../src/signing/lost-keys.ts";
import { filesOf, rsaPem, systemError } from "./keys.ts";

type Content = Readonly<Record<string, string | Error>>;

const keyringOf = (files: Content, settings: KeySettings = { dkim_key_dir: "/d" }, most?: number) =>
  loadKeyring(settings, filesOf(files), most).keyring;

const lost = (before: ReturnType<typeof keyringOf>, after: ReturnType<typeof keyringOf>) =>
  atOnce(lostKeys(before, after)).map(({ domain, selector, reason }) => `${domain} ${selector}: ${reason}`);

const a1 = "/d/a.example/s1.pem";
const a2 = "/d/a.example/s2.pem";
const b1 = "/d/b.example/s1.pem";
const both = { [a1]: rsaPem, [b1]: rsaPem };

const changes: readonly (readonly [string, Content, Content, readonly string[]])[] = [
  ["nothing", both, both, []],
  [
    "a key unreadable",
    both,
    { ...both, [a1]: systemError("EACCES") },
    [`a.example s1: Can't open PEM file ${a1}: Permission denied`],
  ],
  [
    "a key damaged",
    both,
    { ...both, [a1]: "oh, no" },
    [`a.example s1: PEM file ${a1} is damaged: its content is no complete private key`],
  ],
  [
    "the only key gone",
    both,
    { [b1]: rsaPem },
    [`a.example s1: ${a1} is declared no more, and no other key takes its place`],
  ],
  ["a key replaced by another", { [a1]: rsaPem }, { [a2]: rsaPem }, []],
  [
    "a key replaced by one that is damaged",
    { [a1]: rsaPem },
    { [a2]: "oh, no" },
    [`a.example s1: ${a1} is declared no more, and no other key takes its place`],
  ],
  ["one of two gone", { [a1]: rsaPem, [a2]: rsaPem }, { [a2]: rsaPem }, []],
  [
    "one of two damaged, which defers the mail that wants both",
    { [a1]: rsaPem, [a2]: rsaPem },
    { [a1]: rsaPem, [a2]: "oh, no" },
    [`a.example s2: PEM file ${a2} is damaged: its content is no complete private key`],
  ],
  [
    "a folder unreadable",
    both,
    { "/d/a.example": systemError("EACCES"), [b1]: rsaPem },
    ["a.example s1: Can't open PEM file /d/a.example: Permission denied"],
  ],
  ["a key that did not work before", { ...both, [a1]: systemError("EACCES") }, { [b1]: rsaPem }, []],
];

for (const [what, before, after, expected] of changes) {
  test(`what a reload would lose: ${what}`, () =>
    assert.deepEqual(lost(keyringOf(before), keyringOf(after)), expected));
}

test("keys of dkim_keys, of domain patterns and of tables are lost like others", () => {
  const files = { "/k": rsaPem, "/t": "one t.example:s:/k\n", "/s": "*@t.example one\n" };
  const keys: readonly KeyDeclaration[] = [
    { domain: "c.example", selector: "s", file: "/k" },
    { domain: "*.w.example", selector: "s", file: "/k" },
  ];
  const tables = { dkim_keytable: "/t", dkim_signingtable: "refile:/s" };
  const before = keyringOf(files, { dkim_keys: keys, ...tables });
  assert.deepEqual(lost(before, keyringOf(files, { dkim_keys: keys, ...tables })), []);
  const domains = atOnce(lostKeys(before, keyringOf(files, {}))).map(({ domain }) => domain);
  assert.deepEqual(domains, ["c.example", "*.w.example", "t.example"]);
});

test("of keys that are not read when they are listed, those that signed lately are", () => {
  const before = keyringOf(both, { dkim_key_dir: "/d" }, 0);
  const damaged = () => keyringOf({ [a1]: "oh, no", [b1]: "oh, no" }, { dkim_key_dir: "/d" }, 0);
  assert.deepEqual(lost(before, damaged()), []);
  const [a] = before.find("a.example");
  assert.ok(a !== undefined && "key" in before.open(a));
  assert.deepEqual(lost(before, damaged()), [
    `a.example s1: PEM file ${a1} is damaged: its content is no complete private key`,
  ]);
});
