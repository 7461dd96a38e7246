// `signpost showkeys [DOMAIN...]`: the DNS records that publish our keys, as zone-file text or JSON.

import { parseArgs } from "node:util";
import { jsonText } from "../mail/json-text.ts";
import type { ReadKey } from "../signing/private-key.ts";
import {
  type RecordForm,
  recordForms,
  recordName,
  recordStrings,
  recordText,
  recordTtlSeconds,
} from "../signing/record-text.ts";
import { selectKeys } from "../signing/select-keys.ts";
import type { SigningKey } from "../signing/signing-key.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { loadKeys } from "./load-keys.ts";

export const showkeys: Command = {
  name: "showkeys",
  summary: "print the DNS records of the signing keys",
  usage: `showkeys [--config FILE] [--format FORM | --json] [DOMAIN...]

Prints the DNS record for every declared key. DOMAIN selects that domain, .DOMAIN with those below, "." all.
Exits 1 when there is none, or when the private key of one of them cannot be read.

  --config FILE   the configuration (/etc/signpost/signpost.yaml)
  --format FORM   zone: for a zone file (the default); line: name and value, for panels that split the value themselves;
                  split: the value as strings of up to 255 octets; nsupdate: commands for nsupdate
  --json          a list of objects: number, domain, selector, wildcard, file, type, bits, name, ttl, record, strings`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { config: { type: "string", short: "c" }, json: { type: "boolean" }, format: { type: "string" } },
      allowPositionals: true,
    });
    const form = recordForms.find((name) => name === (values.format ?? "zone"));
    if (form === undefined)
      throw new UsageError(`--format is one of ${recordForms.join(", ")}, not "${values.format}"`);
    const loaded = await loadKeys(values.config, "self", io);
    if (typeof loaded === "number") return loaded;
    const { keyring } = loaded;
    const keys = selectKeys(keyring.keys, positionals).map((key) => ({ key, read: keyring.look(key) }));
    if (values.json === true) io.stdout(`${jsonText(keys.map(describeKey), 2)}\n`);
    else if (keys.length === 0) {
      // As amavisd does where its own form is asked for; ours are read by programs, which no sentence is for.
      if (form === "zone") io.stdout(emptyText(keyring.keys));
      else io.stderr(emptyText(keyring.keys));
      return form === "zone" ? exitCode.ok : exitCode.failure;
    } else io.stdout(keys.map((shown) => keyText(shown, form)).join(""));
    return keys.every(({ read }) => "key" in read) ? exitCode.ok : exitCode.failure;
  },
};

/** amavisd's words when there is nothing to show. */
export function emptyText(declared: readonly SigningKey[]): string {
  const what = declared.length === 0 ? "declared in a config file" : "match the selection list";
  return `No DKIM private keys ${what}.\n`;
}

interface ShownKey {
  readonly key: SigningKey;
  readonly read: ReadKey;
}

/** One key as amavisd shows it, a comment, the record, an empty line; other forms have the record alone. */
function keyText({ key, read }: ShownKey, form: RecordForm): string {
  const whose = `s=${key.selector}, d=${key.domain}, ${key.source}`;
  if ("trouble" in read) return `; key#${key.number} not available: ${read.trouble}, ${whose}\n\n`;
  const record = recordText(form, key, read.key.object);
  if (form !== "zone") return record;
  const lines = [`; key#${key.number} ${read.key.bits} bits, ${whose}\n`];
  if (key.pattern !== undefined) {
    lines.push("; CANNOT DECLARE A WILDCARDED LABEL IN DNS, AVOID OR EDIT MANUALLY!\n");
  }
  return `${lines.join("")}${record}`;
}

function describeKey({ key, read }: ShownKey): Readonly<Record<string, unknown>> {
  const known = {
    number: key.number,
    domain: key.domain,
    selector: key.selector,
    wildcard: key.pattern !== undefined,
    file: key.source,
  };
  if ("trouble" in read) return { ...known, trouble: read.trouble };
  const { type, bits, object } = read.key;
  const strings = recordStrings(key.options, object);
  return {
    ...known,
    type,
    bits,
    name: recordName(key),
    ttl: recordTtlSeconds,
    record: strings.join(""),
    strings,
  };
}
