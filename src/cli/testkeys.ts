// `signpost testkeys [DOMAIN...]`: asks the DNS for the record of every key and says what is wrong with it and what
// to publish. Exits 0 only if every key passes.

import { parseArgs } from "node:util";
import { resolverOptions } from "../daemon/part-options.ts";
import { surroundingsOf } from "../daemon/surroundings.ts";
import { createResolver } from "../dns/resolver.ts";
import { jsonText } from "../mail/json-text.ts";
import type { Resolve } from "../rr/answer.ts";
import { askKey } from "../signing/ask-key.ts";
import type { KeyCheck } from "../signing/key-check.ts";
import type { Keyring } from "../signing/keyring.ts";
import type { ReadKey } from "../signing/private-key.ts";
import { recordName, recordStrings, zoneRecord } from "../signing/record-text.ts";
import { selectKeys } from "../signing/select-keys.ts";
import type { SigningKey } from "../signing/signing-key.ts";
import { type Command, exitCode } from "./command.ts";
import { fixedDns } from "./fixed-dns.ts";
import { loadKeys } from "./load-keys.ts";
import { emptyText } from "./showkeys.ts";

/** Questions under way at once. */
const parallel = 20;

export const testkeys: Command = {
  name: "testkeys",
  summary: "ask the DNS whether the signing keys are published rightly",
  usage: `testkeys [--config FILE] [--dns FILE.json] [--json] [DOMAIN...]

Holds the published record of every declared key against the private key and says what is wrong and what to publish.
DOMAIN selects that domain, .DOMAIN with those below, "." all. Exits 0 if every key passes, 75 if the only trouble was
that the DNS gave no answer, else 1 (also when no key was there to be tested). Given by root it looks at the files with
the rights of the user that the daemon becomes.

  --config FILE     the configuration (/etc/signpost/signpost.yaml)
  --dns FILE.json   answers from a file instead of the DNS: {name: {"TXT": [[string, ...], ...]}}
  --json            a list of objects: number, domain, selector, name, result, reason, alias, findings
                    (fault, severity, text), publish`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { config: { type: "string", short: "c" }, dns: { type: "string" }, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const loaded = await loadKeys(values.config, "daemon", io);
    if (typeof loaded === "number") return loaded;
    const { keyring } = loaded;
    const keys = selectKeys(keyring.keys, positionals);
    if (keys.length === 0) {
      io.stdout(values.json === true ? "[]\n" : emptyText(keyring.keys));
      return exitCode.failure;
    }

    const dns = values.dns === undefined ? createResolver(resolverOptions(loaded.config)) : fixedDns(values.dns, io);
    if (typeof dns === "number") return dns;
    let checks: readonly KeyCheck[];
    try {
      checks = await checkKeys(keyring, keys, dns.resolve);
    } finally {
      dns.close();
    }
    const results = keys.flatMap((key, index) => {
      const check = checks[index];
      return check === undefined ? [] : [{ key, check, read: keyring.look(key) }];
    });
    if (values.json === true) io.stdout(`${jsonText(results.map(describe), 2)}\n`);
    else {
      const asked = values.dns ?? surroundingsOf(loaded.config).dnsServers.join(", ");
      for (const result of results) io.stdout(resultText(result, asked));
    }
    const failed = checks.filter(({ result }) => result !== "pass");
    if (failed.length === 0) return exitCode.ok;
    const waiting = failed.every(({ findings }) => findings.some(({ fault }) => fault === "dns-trouble"));
    return waiting ? exitCode.temporary : exitCode.failure;
  },
};

/** Asks for all keys, a few at a time, and judges each; in the order of `keys`. */
async function checkKeys(
  keyring: Keyring,
  keys: readonly SigningKey[],
  resolve: Resolve,
): Promise<readonly KeyCheck[]> {
  const checks: KeyCheck[] = [];
  for (let start = 0; start < keys.length; start += parallel) {
    const some = keys.slice(start, start + parallel);
    checks.push(...(await Promise.all(some.map((key) => askKey(keyring, key, resolve)))));
  }
  return checks;
}

interface TestedKey {
  readonly key: SigningKey;
  readonly check: KeyCheck;
  readonly read: ReadKey;
}

/** "TESTING#1 example.org: abc._domainkey.example.org => pass", and below it what to do. */
function resultText({ key, check, read }: TestedKey, asked: string): string {
  const reason = check.reason === undefined ? "" : ` (${check.reason})`;
  const lines = [`TESTING#${key.number} ${key.domain}: ${recordName(key)} => ${check.result}${reason}`];
  if (check.alias !== undefined) lines.push(`    the name is an alias (CNAME) of ${check.alias}`);
  for (const { severity, text } of check.findings) lines.push(`    ${severity}: ${text}`);
  if (check.findings.some(({ fault }) => fault === "dns-trouble")) lines.push(`    the DNS was asked at ${asked}`);
  if (needsPublishing(check) && "key" in read) {
    lines.push("    publish:");
    for (const line of zoneRecord(key, read.key.object).trimEnd().split("\n")) lines.push(`      ${line}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Whether another record would help. */
function needsPublishing({ result, findings }: KeyCheck): boolean {
  const others = new Set(["dns-trouble", "private-key-unavailable", "wildcard-domain"]);
  return result !== "pass" && !findings.some(({ fault }) => others.has(fault));
}

function describe({ key, check, read }: TestedKey): Readonly<Record<string, unknown>> {
  return {
    number: key.number,
    domain: key.domain,
    selector: key.selector,
    name: recordName(key),
    ...check,
    ...(needsPublishing(check) && "key" in read
      ? { publish: recordStrings(key.options, read.key.object).join("") }
      : {}),
  };
}
