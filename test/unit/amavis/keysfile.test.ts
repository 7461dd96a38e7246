import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Keysfile, parseKeysfile } from "../../../src/amavis/keysfile.ts";
import { keysfileToAmavisd, keysfileToYaml } from "../../../src/amavis/keysfile-text.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { createMapCompiler } from "../../../src/lookup/map.ts";
import type { RawTable } from "../../../src/lookup/table.ts";
import { anyValue } from "../../../src/lookup/value.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { fronts } from "../../../src/reading/fronts.ts";
import { createSigner } from "../../../src/signing/choose.ts";
import type { KeyDeclaration } from "../../../src/signing/key-settings.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { planSigning } from "../../../src/signing/plan.ts";
import { corpus, corpusTest } from "../../support/corpora.ts";
import { filesOf, rsaPem } from "../signing/keys.ts";

interface Settings {
  readonly dkim_keys: readonly KeyDeclaration[];
  readonly dkim_signature_options_bysender_maps?: readonly RawTable[];
}

/** The lines that a keys file becomes, read back by the reader of their language. */
const languages: Readonly<Record<string, (keysfile: Keysfile) => Promise<Settings>>> = {
  "signpost.yaml": (keysfile) => readBack("/etc/signpost.yaml", keysfileToYaml(keysfile)),
  "amavisd.conf": (keysfile) => readBack("/etc/amavisd.conf", keysfileToAmavisd(keysfile)),
};

async function readBack(name: string, text: string): Promise<Settings> {
  const files = { read: () => text, glob: (pattern: string) => (pattern.includes("*") ? [] : [pattern]) };
  const { config, problems } = await loadConfig(name, { files, fronts, hostname: "mail.example.com", cwd: "/etc" });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.ok(config !== undefined);
  const { dkim_keys, base } = config;
  return { dkim_keys, dkim_signature_options_bysender_maps: base.dkim_signature_options_bysender_maps };
}

/** What signpost does with a sender when it is given the lines that the keys file became. */
async function choices(text: string, language: string): Promise<(sender: string) => string> {
  const settings = await languages[language]?.(parseKeysfile(text, "keys", () => true));
  assert.ok(settings !== undefined);
  const problems: unknown[] = [];
  const map = createMapCompiler({ recipient_delimiter: null, localpart_is_case_sensitive: false }).compile(
    settings.dkim_signature_options_bysender_maps ?? [],
    anyValue,
    { readFile: () => "", problem: (problem) => problems.push(problem) },
  );
  const files = Object.fromEntries(settings.dkim_keys.map(({ file }) => [file ?? "", rsaPem]));
  const { keyring, problems: keyProblems } = loadKeyring(settings, filesOf(files));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    keyProblems.filter(({ severity }) => severity !== "note"),
    [],
  );
  const signer = createSigner(keyring);
  return (sender) => {
    const choice = signer.choose({
      head: splitHeader(Buffer.from(`From: ${sender}\r\n`)),
      mailFrom: sender,
      bank: {
        originating: true,
        enable_dkim_signing: true,
        signed_header_fields: {},
        dkim_signature_options_bysender_maps: map,
        allowed_added_header_fields: { "dkim-signature": true },
      },
    });
    const plan = planSigning(choice, { validSignatures: [], receivedAtMs: 0 });
    return "sign" in plan ? plan.sign.map(({ domain, selector }) => `${selector}._domainkey.${domain}`).join() : "-";
  };
}

type Choices = Readonly<Record<string, string>>;

/** By the grammar of dkim-filter(8): the first line that matches decides, no line means no signature. */
const grammar: Readonly<Record<string, Choices>> = {
  "baruwa-guide": { "a@yourdomain.com": "default._domainkey.yourdomain.com", "a@other.com": "-" },
  "blog-seven-domains": {
    "a@example.de": "2009._domainkey.example.de",
    "a@example.se": "2009._domainkey.example.se",
    "A@EXAMPLE.NL": "2009._domainkey.example.nl",
    "a@sub.example.de": "-",
  },
  "engines-rebuild-script": {
    "x@one.example": "mail._domainkey.one.example",
    "x@two.example": "mail._domainkey.two.example",
  },
  "grammar-basedir": {
    "a@example.com": "foo._domainkey.example.com",
    "a@example.net": "bar._domainkey.example.net",
    "a@example.org": "baz._domainkey.example.org",
  },
  "grammar-case": { "a@example.com": "foo._domainkey.example.com", "A@EXAMPLE.COM": "foo._domainkey.example.com" },
  "grammar-catchall": {
    "a@example.com": "a._domainkey.example.com",
    "a@example.net": "b._domainkey.example.net",
    "a@foreign.example": "b._domainkey.example.net",
  },
  "grammar-catchall-at": { "a@foreign.example": "b._domainkey.example.net" },
  "grammar-comments-blank": { "a@example.com": "foo._domainkey.example.com" },
  "grammar-no-signing": { "internal@example.com": "-", "joe@example.com": "foo._domainkey.example.com" },
  "grammar-quoted-localpart": { '"john doe"@example.com': "foo._domainkey.example.com", "joe@example.com": "-" },
  "grammar-spaces": { "a@example.com": "foo._domainkey.example.com" },
  "grammar-star-signing-domain": {
    "a@example.com": "foo._domainkey.example.com",
    "a@sub.example.com": "foo._domainkey.sub.example.com",
    "a@other.example.com": "-",
  },
  "grammar-third-party": {
    "a@customer.example": "esp._domainkey.esp.example",
    "a@shop.customer.example": "esp._domainkey.esp.example",
    "boss@esp.example": "boss._domainkey.esp.example",
    "joe@esp.example": "esp._domainkey.esp.example",
    "a@esp.example.org": "-",
  },
  "grammar-two-selectors": {
    "joe@example.com": "s1._domainkey.example.com",
    "news-1@example.com": "s1._domainkey.example.com",
  },
  "grammar-windows-eol": { "a@example.com": "foo._domainkey.example.com" },
};

const folder = corpus("keysfile/dkim-filter");

interface Expected {
  readonly key_files: readonly string[];
  readonly ok: boolean;
  readonly converted: string;
  readonly dkim_keys?: readonly { readonly domain: string; readonly key: string; readonly selector: string }[];
}
const expected: Readonly<Record<string, Expected>> =
  folder === undefined ? {} : JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")).cases;

corpusTest("every keys file of the corpus has its choices or its error", "keysfile/dkim-filter", () => {
  const good = Object.entries(expected).filter(([, { ok }]) => ok);
  assert.deepEqual(good.map(([name]) => name).toSorted(), Object.keys(grammar).toSorted());
  assert.equal(Object.keys(expected).length, 18);
});

for (const [name, { key_files, ok, converted, dkim_keys = [] }] of Object.entries(expected)) {
  const text = readFileSync(join(folder ?? "", `${name}.keys`), "utf8");
  const read = () => parseKeysfile(text, `${name}.keys`, (path) => key_files.includes(path));
  if (!ok) {
    test(`${name}: the error names the line, in amavisd's words`, () => {
      assert.throws(read, { name: "KeysfileError", message: converted.trimEnd() });
    });
    continue;
  }
  test(`${name}: the keys are those that amavisd finds`, () => {
    assert.deepEqual(
      read().keys.map(({ domain, selector, file }) => ({ domain, key: file, selector })),
      dkim_keys,
    );
  });
  if (!converted.includes("bysender")) {
    test(`${name}: the declarations are amavisd's to the letter`, () => {
      assert.ok(keysfileToAmavisd(read()).startsWith(converted));
    });
  }
  for (const language of Object.keys(languages)) {
    test(`${name}: by ${language} each sender gets the key that dkim-filter would take`, async () => {
      const choose = await choices(text, language);
      for (const [sender, wanted] of Object.entries(grammar[name] ?? {})) assert.equal(choose(sender), wanted, sender);
    });
  }
}

const more: readonly (readonly [string, string, Choices])[] = [
  [
    "an own-domain line shields its senders from a catch-all below",
    "*@example.com:example.com:k/a\n*:fallback.example:k/b\n",
    { "a@example.com": "a._domainkey.example.com", "a@x.example": "b._domainkey.fallback.example" },
  ],
  [
    "a user's own selector",
    "alice@example.com:example.com:k/sel2\n*@example.com:example.com:k/sel1\n",
    { "alice@example.com": "sel2._domainkey.example.com", "bob@example.com": "sel1._domainkey.example.com" },
  ],
  [
    "no signing after a catch-all is never reached, before it holds",
    "joe@example.com::\n*:example.com:k/a\njim@example.com::\n",
    { "joe@example.com": "-", "jim@example.com": "a._domainkey.example.com" },
  ],
  [
    "a wildcard of own domains, shielded from a line below",
    "*@*.hosted.example:*:k/h\n*:fallback.example:k/b\n",
    { "a@x.hosted.example": "h._domainkey.x.hosted.example", "a@y.example": "b._domainkey.fallback.example" },
  ],
  [
    "characters that mean something in a regexp",
    "a+b.c@example.com:example.com:k/s\n",
    { "a+b.c@example.com": "s._domainkey.example.com", "aab.c@example.com": "-", "a+bxc@example.com": "-" },
  ],
  ["a domain alone matches nobody", "example.com:example.com:k/s\n", { "a@example.com": "-" }],
  [
    "a selector that YAML could take for a number",
    "*@example.com:example.com:k/1e3\n",
    { "a@example.com": "1e3._domainkey.example.com" },
  ],
  ["a file without keys", "# nothing\n", { "a@example.com": "-" }],
];

/** Perl's lookahead alone can say it in amavisd.conf: for amavisd, and not for us. */
const forPerlOnly = "a wildcard of own domains, shielded from a line below";

test(`by amavisd.conf, ${forPerlOnly}, is refused with its line`, async () => {
  const [, text = ""] = more.find(([name]) => name === forPerlOnly) ?? [];
  await assert.rejects(choices(text, "amavisd.conf"), /RE2 has no lookahead/);
});

for (const [name, text, wanted] of more) {
  for (const language of Object.keys(languages)) {
    if (name === forPerlOnly && language === "amavisd.conf") continue;
    test(`choice of a keys file, by ${language}: ${name}`, async () => {
      const choose = await choices(text, language);
      for (const [sender, key] of Object.entries(wanted)) assert.equal(choose(sender), key, sender);
    });
  }
}

test("warns of lines that no sender comes to and of patterns that match none", () => {
  const { warnings } = parseKeysfile(
    "*@example.com:example.com:k/s1\nnews-*@example.com:example.com:k/s2\nexample.org:example.org:k/s\n",
    "K",
    () => true,
  );
  assert.deepEqual(warnings, [
    "K line 2: never reached, line 1 takes all its senders",
    'K line 3: "example.org" matches no address; "*@example.org" matches all of a domain',
  ]);
});

test("for amavisd, lines below a wildcard of own domains leave its senders out", () => {
  const text = keysfileToAmavisd(
    parseKeysfile("joe@x.hosted.example::\n*@*.hosted.example:*:k/h\n*@y.example:z.example:k/z\n", "K", () => true),
  );
  assert.equal(
    text,
    `dkim_key('*.hosted.example', 'h',         'k/h');
dkim_key('z.example',       'z',         'k/z');

@dkim_signature_options_bysender_maps = (new_RE(
  [ qr/^joe\\@x\\.hosted\\.example\\z/is => { d=>undef} ],
  [ qr/\\@.*\\.hosted\\.example\\z/is  => { s=>'h'} ],
  [ qr/^(?!.*\\@.*\\.hosted\\.example\\z).*\\@y\\.example\\z/is => { d=>'z.example', s=>'z'} ],
  [ qr/^(?!.*\\@.*\\.hosted\\.example\\z)/is => { d=>undef} ],
));
`,
  );
});
