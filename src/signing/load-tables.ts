// OpenDKIM's KeyTable and SigningTable, from file to keyring. With a signing table its keys are found by name alone:
// a sender that it does not list is not signed for by them. Without one they are keys like those of dkim_keys.
import { dirname, isAbsolute, join } from "node:path";
import { toAscii } from "../mail/domain.ts";
import { systemError } from "../mail/error-text.ts";
import { asBuffer } from "../mail/header.ts";
import { ownCopy } from "../mail/own-copy.ts";
import { domainPattern } from "./domain-pattern.ts";
import { noOptions } from "./key-options.ts";
import type { KeySettings } from "./key-settings.ts";
import { deniedBy, unreadable } from "./key-store.ts";
import { type KeyTableEntry, type KeyTableFault, readKeyTable } from "./key-table.ts";
import type { KeyListing } from "./listing.ts";
import type { KeyPlace, SigningKey, SigningTable } from "./signing-key.ts";
import { createSigningTable, type Named } from "./signing-names.ts";

interface Tables {
  /** Keys that only the signing table may choose. */
  readonly named: readonly SigningKey[];
  readonly signingTable?: SigningTable;
}

/** A step for each line of the key table. */
export function* loadTables(settings: KeySettings, listing: KeyListing): Generator<void, Tables> {
  const { dkim_keytable: keyTable, dkim_signingtable: signingTable } = settings;
  if (typeof keyTable !== "string") {
    if (typeof signingTable === "string") {
      const message = "dkim_signingtable needs a dkim_keytable";
      listing.problems.push({ severity: "error", message, path: ["dkim_signingtable"] });
    }
    return { named: [] };
  }

  const source = tableFile(keyTable);
  const text = readTable(source.file, "dkim_keytable", listing);
  if (text === undefined) return { named: [] };
  const warn = (file: string, line: number, message: string): void => {
    listing.problems.push({ severity: "warning", message, place: { file, line, column: 1 } });
  };

  const names = new Map<string, Named>();
  const keys: SigningKey[] = [];
  const firstNumber = listing.keys.length;
  const byNameAlone = typeof signingTable === "string";
  for (const entry of readKeyTable(text)) {
    yield;
    if ("message" in entry) {
      const { name, message } = entry;
      warn(source.file, entry.line, message);
      if (name !== undefined && !names.has(name)) names.set(name, { fault: message });
      if (!byNameAlone) addFault(entry, listing);
      continue;
    }
    const { line, name } = entry;
    if (names.has(name)) {
      warn(source.file, line, `the key name "${name}" is already in use`);
      continue;
    }
    const soFar = firstNumber + keys.length;
    const made = yield* makeKeys(entry, source.file, listing, soFar, (message) => warn(source.file, line, message));
    // A piece of the table's text would keep all of it.
    names.set(ownCopy(name), made);
    if ("fault" in made) continue;
    const list = made instanceof Map ? made.values() : [made];
    if (byNameAlone) {
      // One by one: a hundred thousand at once are more arguments than a call may have.
      for (const key of list) keys.push(key);
    } else {
      for (const key of list) {
        if (!listing.add(key)) {
          warn(source.file, line, `selector ${key.selector} for domain ${key.domain} already in use`);
        }
      }
    }
  }
  if (typeof signingTable !== "string") return { named: [] };
  const multiple = settings.dkim_multiple_signatures === true;
  const table = yield* loadSigningTable(signingTable, multiple, names, listing);
  return table === undefined ? { named: keys } : { named: keys, signingTable: table };
}

/** Mail of the domain of a line that gives no key is deferred. */
function addFault({ domain, message }: KeyTableFault, listing: KeyListing): void {
  const signingDomain = domain === undefined ? undefined : toAscii(domain);
  if (signingDomain === undefined) return;
  listing.add({ domain: signingDomain, selector: "", source: "", options: noOptions, trouble: message });
}

function* makeKeys(
  entry: KeyTableEntry,
  file: string,
  listing: KeyListing,
  firstNumber: number,
  warn: (message: string) => void,
): Generator<void, Named> {
  const selector = toAscii(listing.shared(entry.selector.toLowerCase()));
  const anyDomain = entry.domain === "%";
  const domain = anyDomain ? "*" : toAscii(entry.domain);
  if (selector === undefined || domain === undefined) {
    const fault = selector === undefined ? `"${entry.selector}" is no selector` : `"${entry.domain}" is no domain`;
    warn(fault);
    return { fault };
  }
  const at = { file, line: entry.line, column: 1 };
  let made = 0;
  const make = (forDomain: string, place: KeyPlace): SigningKey => {
    const { trouble, exposure } = listing.look(place);
    if (trouble !== undefined) {
      const message = `${unreadable(place.source, trouble)}; mail that it signs is deferred`;
      listing.problems.push({ severity: "warning", message, place: at, ...deniedBy(trouble) });
    }
    if (exposure !== undefined) {
      listing.exposures.push({ ...exposure, place: at });
    }
    made += 1;
    const key = {
      domain: forDomain,
      selector,
      ...place,
      options: noOptions,
      ...(trouble === undefined ? {} : { trouble }),
      ...(forDomain === "*" ? { pattern: domainPattern("glob", "*") } : {}),
    };
    return listing.numbered(key, firstNumber + made);
  };

  const { location } = entry;
  if ("inline" in location) return make(domain, { source: "(inline)", text: location.inline });
  const keyFile = besideTable(location.file, file);
  if (!keyFile.includes("%")) return make(domain, { source: keyFile });
  if (!anyDomain) return make(domain, { source: keyFile.replaceAll("%", domain) });
  // A file per domain of senders: what is there now is what can sign.
  const perDomain = new Map<string, SigningKey>();
  for (const [sender, path] of expand(keyFile, listing)) {
    perDomain.set(sender, make(sender, { source: path }));
    yield;
  }
  if (perDomain.size === 0) warn(`no file is there for ${keyFile}`);
  return perDomain;
}

/** A relative name starts beside the table. */
function besideTable(name: string, table: string): string {
  return isAbsolute(name) ? name : join(dirname(table), name);
}

/** The domains for which a file name with "%" has a file: the folder above the first "%" names them. */
function expand(template: string, { files }: KeyListing): readonly (readonly [string, string])[] {
  const mark = template.indexOf("%");
  const folderEnd = template.lastIndexOf("/", mark);
  const folder = template.slice(0, Math.max(folderEnd, 1));
  const slash = template.indexOf("/", mark);
  const part = template.slice(folderEnd + 1, slash === -1 ? template.length : slash);
  const [before = "", after = ""] = part.split("%");
  let names: readonly string[];
  try {
    names = files.listFolder(folder);
  } catch {
    return [];
  }
  const found: (readonly [string, string])[] = [];
  for (const name of names) {
    if (!name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length) continue;
    const text = name.slice(before.length, name.length - after.length);
    const domain = toAscii(text);
    if (domain !== undefined) found.push([domain, template.replaceAll("%", text)]);
  }
  return found;
}

/** A step for each line of the signing table. */
function* loadSigningTable(
  setting: string,
  multiple: boolean,
  names: ReadonlyMap<string, Named>,
  listing: KeyListing,
): Generator<void, SigningTable | undefined> {
  const { form, file } = tableFile(setting);
  const text = readTable(file, "dkim_signingtable", listing);
  if (text === undefined) return undefined;
  const warn = (line: number, message: string): void => {
    listing.problems.push({ severity: "warning", message, place: { file, line, column: 1 } });
  };
  return yield* createSigningTable(text, { form, multiple }, names, ({ line, pattern, keyName }) => {
    if (keyName === "") warn(line, `"${pattern}" names no key`);
    else if (keyName !== "%" && !names.has(keyName)) {
      warn(line, `the key table has no key "${keyName}"; mail of ${pattern} is deferred`);
    }
    if (form === "file" && pattern.startsWith("*") && pattern !== "*") {
      warn(line, `"${pattern}" has a wildcard, which only a table given as "refile:" may have; it matches nobody`);
    }
  });
}

function tableFile(setting: string): { readonly form: "file" | "refile"; readonly file: string } {
  if (setting.startsWith("refile:")) return { form: "refile", file: setting.slice("refile:".length) };
  return { form: "file", file: setting.startsWith("file:") ? setting.slice("file:".length) : setting };
}

function readTable(file: string, name: string, { files, problems }: KeyListing): string | undefined {
  try {
    return asBuffer(files.readFile(file)).toString("utf8");
  } catch (error) {
    const trouble = systemError(error);
    problems.push({ severity: "error", message: `Can't read ${file}: ${trouble}`, path: [name], ...deniedBy(trouble) });
    return undefined;
  }
}
