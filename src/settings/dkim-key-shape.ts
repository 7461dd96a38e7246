// The shape of a declared signing key: `{ domain, selector, file, v g h k s t n }` (amavisd: dkim_key()).
import { domainToASCII } from "node:url";
import { isMapping } from "../lookup/value.ts";
import { nearest } from "./nearest.ts";
import type { Report, Shape } from "./shape.ts";
import { file, secret } from "./text-shape.ts";
import type { DkimKeySetting } from "./values.ts";

const tagNames = ["v", "g", "h", "k", "s", "t", "n"] as const;
const names: readonly string[] = ["domain", "selector", "file", "key", ...tagNames];

export const dkimKey: Shape<DkimKeySetting> = {
  words: "{ domain, selector, file }",
  nullable: false,
  inside: (name) => (name === "file" ? file : name === "key" ? secret : undefined),
  read(value, report) {
    if (!isMapping(value))
      return report("a key such as { domain: example.com, selector: mail, file: mail.pem }", value);
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue;
      const meant = nearest(name, names);
      const hint = meant === undefined ? "" : `, did you mean "${meant}"?`;
      report(`!unknown member "${name}" of a key${hint}`, value, [name], "name");
    }
    return {
      domain: readDomain(value["domain"], report),
      selector: readSelector(value["selector"], report),
      ...readKey(value, report),
      ...readTags(value, report),
    };
  },
};

/** A file, or the key itself. */
function readKey(value: Readonly<Record<string, unknown>>, report: Report): Pick<DkimKeySetting, "file" | "key"> {
  const { file, key } = value;
  if (typeof key === "string" && key !== "" && file === undefined) return { key };
  if (key !== undefined) return report("!a key needs a file or the key itself, not both", key, ["key"]);
  return { file: typeof file === "string" && file !== "" ? file : missing("file", file, report) };
}

function missing(name: string, found: unknown, report: Report): never {
  return found === undefined ? report(`!a key needs a ${name}`, found) : report(`a ${name}`, found, [name]);
}

function readDomain(value: unknown, report: Report): DkimKeySetting["domain"] {
  if (isMapping(value) && typeof value["regexp"] === "string") return { regexp: value["regexp"] };
  if (typeof value !== "string" || value === "") return missing("domain", value, report);
  if (/[*?[\]]/.test(value)) return value.toLowerCase();
  const ascii = asciiDomain(value);
  return ascii ?? report("a domain", value, ["domain"]);
}

/** Lower-case A-labels; undefined for what is no domain. */
function asciiDomain(domain: string): string | undefined {
  const plain = domain.replace(/\.$/, "");
  if (/^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/.test(plain))
    return plain.toLowerCase();
  const ascii = /^[\x21-\x7e]*$/.test(plain) ? "" : domainToASCII(plain);
  return ascii === "" ? undefined : ascii;
}

function readSelector(value: unknown, report: Report): string {
  const given = typeof value === "number" ? String(value) : value;
  if (typeof given !== "string" || given === "") return missing("selector", given, report);
  return asciiDomain(given) ?? report("a selector", given, ["selector"]);
}

function readTags(value: Readonly<Record<string, unknown>>, report: Report): Partial<DkimKeySetting> {
  const tags: Partial<Record<(typeof tagNames)[number], string>> = {};
  for (const tag of tagNames) {
    const given = value[tag];
    if (given === undefined || given === null) continue;
    if (typeof given === "string" || typeof given === "number") tags[tag] = String(given);
    else if (Array.isArray(given) && given.every((item) => typeof item === "string")) tags[tag] = given.join(":");
    else report("text", given, [tag]);
  }
  return tags;
}
