import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { test } from "node:test";
import type { LookupMap } from "../../../src/lookup/table.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { createSigner } from "../../../src/signing/choose.ts";
import type { KeySettings } from "../../../src/signing/key-settings.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { planSigning } from "../../../src/signing/plan.ts";
import { corpusTest } from "../../support/corpora.ts";
import { countWork } from "../../support/work.ts";
import { ed25519Pem, filesOf, rsaPem, systemError } from "./keys.ts";

const inline = ed25519Pem.split("\n").slice(1, -2).join("");

interface Tables {
  readonly keys: string;
  readonly senders?: string;
  readonly form?: "file:" | "refile:" | "";
  readonly more?: KeySettings;
  readonly options?: unknown;
  readonly files?: Readonly<Record<string, string | Error>>;
}

function load({ keys, senders, form = "refile:", more = {}, options, files = {} }: Tables) {
  const { keyring, problems } = loadKeyring(
    {
      dkim_keytable: "file:/t/KeyTable",
      ...(senders === undefined ? {} : { dkim_signingtable: `${form}/t/SigningTable` }),
      ...more,
    },
    filesOf({ "/k/a": rsaPem, "/t/rel": rsaPem, "/t/KeyTable": keys, "/t/SigningTable": senders ?? "", ...files }),
  );
  const signer = createSigner(keyring);
  const all = () => (options === undefined ? [] : [{ key: ".", value: options }]);
  const map: LookupMap<unknown> = { all, first: () => all()[0] };
  const choose = (address: string): string => {
    const choice = signer.choose({
      head: splitHeader(Buffer.from(`From: ${address}\r\n`)),
      mailFrom: "",
      bank: {
        originating: true,
        enable_dkim_signing: true,
        signed_header_fields: {},
        dkim_signature_options_bysender_maps: map,
        allowed_added_header_fields: { "dkim-signature": true },
      },
    });
    const plan = planSigning(choice, { validSignatures: [], receivedAtMs: 0 });
    if (!("sign" in plan)) return plan.skip;
    return plan.sign
      .map(({ domain, selector, identity }) => `${domain}/${selector}${identity && ` ${identity}`}`)
      .join(" + ");
  };
  return {
    choose,
    keyring,
    problems: problems.map(({ message, place }) => (place === undefined ? message : `${place.line}: ${message}`)),
  };
}

test("a key table without a signing table declares keys by domain", () => {
  const { choose, problems } = load({
    keys: `# comment\nk1 example.com:s1:/k/a\n  k2\texample.org:S2:${inline} # ed25519\nk3 %:any:./rel\n`,
  });
  assert.deepEqual(problems, []);
  assert.equal(choose("a@example.com"), "example.com/s1");
  assert.equal(choose("a@example.org"), "example.org/any", "RSA goes before Ed25519");
  assert.equal(choose("a@other.example"), "other.example/any");
});

test("refile: the first line that matches counts, wildcards anywhere, case does not matter", () => {
  const { choose, problems } = load({
    keys: "one example.com:s1:/k/a\ntwo example.com:s2:/k/a\nthree example.net:s3:/k/a\n",
    senders:
      "boss@Example.com one\n*@example.com two\nnews-*@*.example.net three\n*@sub.example.net one\nboss@example.com three\n",
  });
  assert.deepEqual(problems, []);
  assert.equal(choose("BOSS@example.com"), "example.com/s1");
  assert.equal(choose("joe@EXAMPLE.COM"), "example.com/s2");
  assert.equal(choose("news-1@sub.example.net"), "example.net/s3 @sub.example.net");
  assert.equal(choose("joe@sub.example.net"), "example.com/s1");
  assert.equal(choose("joe@example.net"), "no-key-for-domain");
});

test("senders and patterns outside of ASCII are the same text, whichever way a domain is written", () => {
  for (const form of ["refile:", "file:"] as const) {
    const { choose } = load({
      keys: "one example.com:s1:/k/a\ntwo example.com:s2:/k/a\nthree example.com:s3:/k/a\n",
      senders: `JÜRGEN@example.com one\n${form === "file:" ? "" : "*@"}bücher.example two\nä*@sub.Bücher.example three\n`,
      form,
    });
    assert.equal(choose("jürgen@example.com"), "example.com/s1");
    assert.equal(choose("Jürgen@example.com"), "example.com/s1");
    assert.equal(choose("a@bücher.example"), "example.com/s2");
    assert.equal(choose("a@xn--bcher-kva.example"), "example.com/s2");
    assert.equal(choose("Ägidius@sub.bücher.example"), form === "refile:" ? "example.com/s3" : "no-key-for-domain");
  }
});

test("keys of the tables are for listed senders only, dkim_keys go on as ever", () => {
  const { choose } = load({
    keys: "one example.com:s1:/k/a\n",
    senders: "boss@example.com one\n",
    more: { dkim_keys: [{ domain: "example.org", selector: "own", file: "/k/a" }] },
  });
  assert.equal(choose("boss@example.com"), "example.com/s1");
  assert.equal(choose("joe@example.com"), "no-key-for-domain");
  assert.equal(choose("joe@example.org"), "example.org/own");
});

test("file: user@host, host, user@.domain, .domain, user@*, * in this order", () => {
  const order = ["u@a.b.c", "a.b.c", "u@.b.c", "u@.c", ".b.c", ".c", "u@*", "*"];
  const keys = order.map((_, n) => `k${n} d${n}.example:s:/k/a`).join("\n");
  for (let from = 0; from < order.length; from += 1) {
    const senders = order
      .map((pattern, n) => `${pattern} k${n}`)
      .slice(from)
      .reverse()
      .join("\n");
    assert.equal(load({ keys, senders, form: "" }).choose("u@a.b.c"), `d${from}.example/s`, String(order[from]));
  }
});

test("all lines that match sign when several signatures are asked for, options by position", () => {
  const { choose } = load({
    keys: `one example.com:s1:/k/a\ntwo example.org:s2:${inline}\n`,
    senders: "*@example.com one\n* two\n",
    more: { dkim_multiple_signatures: true },
    options: { ttl: "1d" },
  });
  assert.equal(choose("a@example.com"), "example.com/s1 + example.org/s2");
});

test("the signer of a line becomes i= where it lies within d=", () => {
  const { choose } = load({
    keys: "k example.com:s:/k/a\n",
    senders: "u1@example.com k:signer@example.com\nu2@example.com k:x@sub.%\nu3@example.com k:x@foo.example\n",
  });
  assert.equal(choose("u1@example.com"), "example.com/s signer@example.com");
  assert.equal(choose("u2@example.com"), "example.com/s x@sub.example.com");
  assert.equal(choose("u3@example.com"), "example.com/s");
});

test("% as key name and in a file name is the sender's domain", () => {
  const { choose, keyring, problems } = load({
    keys: "a.example a.example:s:/k/a\nper %:mail:/keys/%/mail.private\n",
    senders: "*@a.example %\n*@*.example per\n",
    files: { "/keys/b.example/mail.private": rsaPem, "/keys/c.example/mail.private": systemError("EACCES") },
  });
  assert.equal(choose("u@a.example"), "a.example/s");
  assert.equal(choose("u@b.example"), "b.example/mail");
  assert.equal(choose("u@c.example"), "key-unavailable");
  assert.equal(choose("u@d.example"), "key-unavailable", "a sender that is to be signed for has no file");
  assert.deepEqual(
    [...keyring.keys].map(({ number, domain }) => [number, domain]),
    [
      [1, "a.example"],
      [2, "b.example"],
      [3, "c.example"],
    ],
  );
  assert.deepEqual(problems, [
    "2: Can't open PEM file /keys/c.example/mail.private: Permission denied; mail that it signs is deferred",
  ]);
});

test("a bad line concerns those who need it, all others are signed", () => {
  const { choose, problems } = load({
    keys: "good example.com:s:/k/a\ncut example.net:s\nempty example.org::/k/a\ngood example.edu:s:/k/a\ngone x.example:s:/k/gone\n",
    senders:
      "*@example.com good\n*@example.net cut\n*@example.org empty\n*@x.example gone\n*@y.example unknown\n*@z.example\n",
  });
  assert.equal(choose("a@example.com"), "example.com/s");
  for (const domain of ["example.net", "example.org", "x.example", "y.example", "z.example"]) {
    assert.equal(choose(`a@${domain}`), "key-unavailable", domain);
  }
  assert.deepEqual(problems, [
    '2: expected "name domain:selector:key", found "cut example.net:s"',
    '3: the selector of "empty" is empty',
    '4: the key name "good" is already in use',
    "5: Can't open PEM file /k/gone: No such file or directory; mail that it signs is deferred",
    '5: the key table has no key "unknown"; mail of *@y.example is deferred',
    '6: "*@z.example" names no key',
  ]);
});

test("without a signing table a bad line defers the domain that it names", () => {
  const { choose } = load({ keys: "cut example.net:s\ngood example.com:s:/k/a\n" });
  assert.equal(choose("a@example.net"), "key-unavailable");
  assert.equal(choose("a@example.com"), "example.com/s");
});

test("warns of a wildcard that a plain file does not know", () => {
  const { problems } = load({ keys: "k example.com:s:/k/a\n", senders: "*@example.com k\n", form: "file:" });
  assert.match(problems.join(), /wildcard/);
});

test("a signing table without a key table, or a table that is not there, is an error", () => {
  const none = loadKeyring({ dkim_signingtable: "/t/S" }, filesOf({}));
  assert.deepEqual(
    none.problems.map(({ severity, path }) => [severity, path]),
    [["error", ["dkim_signingtable"]]],
  );
  const gone = loadKeyring({ dkim_keytable: "/t/K" }, filesOf({}));
  assert.deepEqual(
    gone.problems.map(({ severity, path }) => [severity, path]),
    [["error", ["dkim_keytable"]]],
  );
});

test("thousands of senders are read in linear time and found by map, not by search", () => {
  const tables = (count: number) => {
    const lines = (line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n)).join("\n");
    return load({
      keys: lines((n) => `k${n} d${n}.example:s:/k/a`),
      senders: lines((n) => `*@d${n}.example k${n}`),
    });
  };
  assert.ok(countWork(() => tables(8000)) <= 2.2 * countWork(() => tables(4000)));
  const [few, many] = [tables(100), tables(8000)];
  assert.equal(many.choose("a@d7999.example"), "d7999.example/s");
  const search = ({ choose }: typeof few, address: string) => countWork(() => choose(address));
  assert.ok(search(many, "a@d7999.example") <= 2 * search(few, "a@d99.example"));
});

/** Tables that people use, with the sender and what is to come of it. */
const used: readonly (readonly [
  string,
  string | undefined,
  "file:" | "refile:",
  readonly (readonly [string, string])[],
])[] = [
  [
    "binarystorm.KeyTable",
    "binarystorm.SigningTable",
    "refile:",
    [
      ["a@davidchill.ca", "davidchill.ca/default"],
      ["a@binarystorm.net", "davidchill.ca/default"],
      ["a@sub.binarystorm.net", "no-key-for-domain"],
    ],
  ],
  ["catatsuy.KeyTable", "catatsuy.SigningTable", "refile:", [["x@catatsuy.org", "catatsuy.org/20231217"]]],
  ["nicholasngai.KeyTable", "nicholasngai.SigningTable", "refile:", [["x@ngai.me", "ngai.me/mail"]]],
  ["filegarden.KeyTable", undefined, "refile:", [["x@any.example", "any.example/a"]]],
  [
    "t-conf-check.keytable",
    "t-conf-check.signtable",
    "file:",
    [
      ["x@example.com", "example.com/ts"],
      ["x@example.net", "key-unavailable"],
    ],
  ],
  [
    "t-conf-check2.keytable",
    "t-conf-check2.signtable",
    "file:",
    [
      ["x@example.com", "example.com/ts"],
      ["x@example.net", "key-unavailable"],
    ],
  ],
  [
    "t-sign-rs-lua.keys",
    "t-sign-rs-lua.sign",
    "file:",
    [
      ["user@example.com", "example.com/test"],
      ["x@example.com", "no-key-for-domain"],
    ],
  ],
  [
    "t-sign-rs-multiple.keys",
    "t-sign-rs-multiple.sign",
    "file:",
    [["user@example.com", "example.com/test + example.net/test2"]],
  ],
  ["t-sign-rs-tables-token.keys", undefined, "file:", [["user@example.com", "example.com/test"]]],
  [
    "t-sign-rs-tables.keys",
    "t-sign-rs-tables.sign",
    "file:",
    [
      ["user@example.com", "example.com/test"],
      ["user2@example.com", "example.com/test signer@example.com"],
      ["user3@example.com", "example.com/test signer@foo.example.com"],
    ],
  ],
  ["t-sign-rs-tables-bad.keys", undefined, "file:", [["user@example.com", "no-key-for-domain"]]],
];

for (const [keys, senders, form, choices] of used) {
  corpusTest(`OpenDKIM tables: ${keys}`, "keysfile/opendkim", (folder) => {
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    const text = read(keys);
    const named = [...text.matchAll(/:([./\w-]+)$/gm)].map((match) => match[1] ?? "");
    const { choose } = load({
      keys: text,
      form,
      ...(senders === undefined ? {} : { senders: read(senders) }),
      more: { dkim_multiple_signatures: true },
      files: Object.fromEntries(
        named.map((name): [string, string] => [isAbsolute(name) ? name : join("/t", name), rsaPem]),
      ),
    });
    for (const [address, expected] of choices) assert.equal(choose(address), expected, address);
  });
}
