// `signpost showkeys [DOMAIN...]`: the DNS records that publish our keys, as zone-file text or JSON.

import { parseArgs } from "node:util";
import { jsonText } from "../mail/json-text.ts";
import { privateKeyOf } from "../signing/key-check.ts";
import type { SigningKey } from "../signing/keyring.ts";
import { recordName, recordStrings, recordTtlSeconds, zoneRecord } from "../signing/record-text.ts";
import { selectKeys } from "../signing/select-keys.ts";
import { type Command, exitCode } from "./command.ts";
import { loadKeys } from "./load-keys.ts";

export const showkeys: Command = {
  name: "showkeys",
  summary: "print the DNS records of the signing keys",
  usage: `showkeys [--config FILE] [--json] [DOMAIN...]

Prints a zone-file record for every declared key. DOMAIN selects that domain, .DOMAIN with those below, "." all.
Exits 1 when the private key of one of them cannot be read.

  --config FILE   the configuration (/etc/signpost/signpost.yaml)
  --json          a list of objects: number, domain, selector, wildcard, file, type, bits, name, ttl, record, strings`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { config: { type: "string", short: "c" }, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const loaded = await loadKeys(values.config, io);
    if (typeof loaded === "number") return loaded;
    const all = [...loaded.keyring.keys];
    const keys = selectKeys(all, positionals);
    if (values.json === true) io.stdout(`${jsonText(keys.map(describeKey), 2)}\n`);
    else io.stdout(keys.length === 0 ? emptyText(all) : keys.map(keyText).join(""));
    return keys.every((key) => typeof privateKeyOf(key) !== "string") ? exitCode.ok : exitCode.failure;
  },
};

/** amavisd's words when there is nothing to show. */
export function emptyText(declared: readonly SigningKey[]): string {
  const what = declared.length === 0 ? "declared in a config file" : "match the selection list";
  return `No DKIM private keys ${what}.\n`;
}

/** One key as amavisd shows it: a comment, the record, an empty line. */
export function keyText(key: SigningKey): string {
  const privateKey = privateKeyOf(key);
  const whose = `s=${key.selector}, d=${key.domain}, ${key.source}`;
  if (typeof privateKey === "string") return `; key#${key.number} not available: ${privateKey}, ${whose}\n\n`;
  const lines = [`; key#${key.number} ${key.key?.bits ?? 0} bits, ${whose}\n`];
  if (key.pattern !== undefined) {
    lines.push("; CANNOT DECLARE A WILDCARDED LABEL IN DNS, AVOID OR EDIT MANUALLY!\n");
  }
  return `${lines.join("")}${zoneRecord(key, privateKey)}\n`;
}

function describeKey(key: SigningKey): Readonly<Record<string, unknown>> {
  const privateKey = privateKeyOf(key);
  const known = {
    number: key.number,
    domain: key.domain,
    selector: key.selector,
    wildcard: key.pattern !== undefined,
    file: key.source,
  };
  if (typeof privateKey === "string") return { ...known, trouble: privateKey };
  const strings = recordStrings(key.options, privateKey);
  return {
    ...known,
    type: key.key?.type,
    bits: key.key?.bits,
    name: recordName(key),
    ttl: recordTtlSeconds,
    record: strings.join(""),
    strings,
  };
}
