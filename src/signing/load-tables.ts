// OpenDKIM's KeyTable and SigningTable, from file to keyring. With a signing table its keys are found by name alone:
// a sender that it does not list is not signed for by them. Without one they are keys like those of dkim_keys.
import { dirname, isAbsolute, join } from "node:path";
import { toAscii } from "../mail/domain.ts";
import { domainPattern } from "./domain-pattern.ts";
import { noOptions } from "./key-options.ts";
import type { KeySettings } from "./key-settings.ts";
import { type Loading, systemError, unreadable } from "./key-store.ts";
import { type KeyTableEntry, parseKeyTable } from "./key-table.ts";
import type { SigningKey } from "./keyring.ts";
import type { ReadKey } from "./private-key.ts";
import type { Named, SigningNames } from "./signing-names.ts";
import { parseSigningTable } from "./signing-table.ts";

interface Tables {
  readonly named: readonly SigningKey[];
  readonly signingTable?: SigningNames;
}

export function loadTables(settings: KeySettings, loading: Loading, firstNumber: number): Tables {
  const { dkim_keytable: keyTable, dkim_signingtable: signingTable } = settings;
  if (typeof keyTable !== "string") {
    if (typeof signingTable === "string") {
      const message = "dkim_signingtable needs a dkim_keytable";
      loading.problems.push({ severity: "error", message, path: ["dkim_signingtable"] });
    }
    return { named: [] };
  }

  const source = tableFile(keyTable);
  const text = readTable(source.file, "dkim_keytable", loading);
  if (text === undefined) return { named: [] };
  const warn = (file: string, line: number, message: string): void => {
    loading.problems.push({ severity: "warning", message, place: { file, line, column: 1 } });
  };

  const names = new Map<string, Named>();
  const keys: SigningKey[] = [];
  const parsed = parseKeyTable(text);
  for (const { line, name, domain, message } of parsed.faults) {
    warn(source.file, line, message);
    if (name !== undefined && !names.has(name)) names.set(name, { fault: message });
    const signingDomain = domain === undefined ? undefined : toAscii(domain);
    if (typeof signingTable !== "string" && signingDomain !== undefined) {
      const origin = `${source.file}:${line}`;
      loading.add({
        domain: signingDomain,
        selector: "",
        source: "",
        options: noOptions,
        key: undefined,
        trouble: message,
        origin,
      });
    }
  }
  loading.files.expectKeys?.(filesOf(parsed.entries, source.file));
  for (const entry of parsed.entries) {
    if (names.has(entry.name)) {
      warn(source.file, entry.line, `the key name "${entry.name}" is already in use`);
      continue;
    }
    const made = makeKeys(entry, source.file, loading, (message) => warn(source.file, entry.line, message));
    if ("fault" in made) {
      names.set(entry.name, made);
      continue;
    }
    const list = "key" in made ? [made.key] : [...made.perDomain.values()];
    if (typeof signingTable === "string") {
      const numbered = list.map((key, index) => ({ ...key, number: firstNumber + keys.length + index + 1 }));
      // One by one: a hundred thousand at once are more arguments than a call may have.
      for (const key of numbered) keys.push(key);
      const first = numbered[0];
      if ("key" in made && first !== undefined) names.set(entry.name, { key: first });
      else names.set(entry.name, { perDomain: new Map(numbered.map((key) => [key.domain, key])) });
    } else {
      for (const key of list) {
        if (!loading.add(key)) {
          warn(source.file, entry.line, `selector ${key.selector} for domain ${key.domain} already in use`);
        }
      }
    }
  }
  if (typeof signingTable !== "string") return { named: [] };
  const table = loadSigningTable(signingTable, settings.dkim_multiple_signatures === true, names, loading);
  return table === undefined ? { named: keys } : { named: keys, signingTable: table };
}

function makeKeys(entry: KeyTableEntry, file: string, loading: Loading, warn: (message: string) => void): Named {
  const origin = `${file}:${entry.line}`;
  const selector = toAscii(entry.selector.toLowerCase());
  const anyDomain = entry.domain === "%";
  const domain = anyDomain ? "*" : toAscii(entry.domain);
  if (selector === undefined || domain === undefined) {
    const fault = selector === undefined ? `"${entry.selector}" is no selector` : `"${entry.domain}" is no domain`;
    warn(fault);
    return { fault };
  }
  const make = (forDomain: string, source: string, read: ReadKey): SigningKey => {
    if ("trouble" in read) warn(`${unreadable(source, read.trouble)}; mail that it signs is deferred`);
    const parts = "key" in read ? { key: read.key } : { key: undefined, trouble: read.trouble };
    const base = { number: 0, domain: forDomain, selector, source, options: noOptions, origin, ...parts };
    return forDomain === "*" ? { ...base, pattern: domainPattern("glob", "*") } : base;
  };

  const { location } = entry;
  if ("inline" in location) return { key: make(domain, "(inline)", loading.store.fromText(location.inline)) };
  const keyFile = besideTable(location.file, file);
  if (!keyFile.includes("%")) return { key: make(domain, keyFile, loading.store.fromFile(keyFile)) };
  if (!anyDomain) {
    const path = keyFile.replaceAll("%", domain);
    return { key: make(domain, path, loading.store.fromFile(path)) };
  }
  // A file per domain of senders: what is there now is what can sign, the mail path reads no files.
  const perDomain = new Map<string, SigningKey>();
  for (const [sender, path] of expand(keyFile, loading)) {
    perDomain.set(sender, make(sender, path, loading.store.fromFile(path)));
  }
  if (perDomain.size === 0) warn(`no file is there for ${keyFile}`);
  return { perDomain };
}

/** A relative name starts beside the table. */
function besideTable(name: string, table: string): string {
  return isAbsolute(name) ? name : join(dirname(table), name);
}

/** The key files of a table, those of names with "%" left out: only their folders tell. */
function filesOf(entries: readonly KeyTableEntry[], table: string): readonly string[] {
  const named = entries.flatMap(({ location }) =>
    "file" in location && !location.file.includes("%") ? [besideTable(location.file, table)] : [],
  );
  return [...new Set(named)];
}

/** The domains for which a file name with "%" has a file: the folder above the first "%" names them. */
function expand(template: string, { files }: Loading): readonly (readonly [string, string])[] {
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

function loadSigningTable(
  setting: string,
  multiple: boolean,
  names: ReadonlyMap<string, Named>,
  loading: Loading,
): SigningNames | undefined {
  const { form, file } = tableFile(setting);
  const text = readTable(file, "dkim_signingtable", loading);
  if (text === undefined) return undefined;
  const { entries, faults } = parseSigningTable(text);
  const warn = (line: number, message: string): void => {
    loading.problems.push({ severity: "warning", message, place: { file, line, column: 1 } });
  };
  for (const { line, message } of faults) warn(line, message);
  for (const { line, pattern, keyName } of entries) {
    if (keyName !== "" && keyName !== "%" && !names.has(keyName)) {
      warn(line, `the key table has no key "${keyName}"; mail of ${pattern} is deferred`);
    }
    if (form === "file" && pattern.startsWith("*") && pattern !== "*") {
      warn(line, `"${pattern}" has a wildcard, which only a table given as "refile:" may have; it matches nobody`);
    }
  }
  return { form, multiple, entries, names };
}

function tableFile(setting: string): { readonly form: "file" | "refile"; readonly file: string } {
  if (setting.startsWith("refile:")) return { form: "refile", file: setting.slice("refile:".length) };
  return { form: "file", file: setting.startsWith("file:") ? setting.slice("file:".length) : setting };
}

function readTable(file: string, name: string, { files, problems }: Loading): string | undefined {
  try {
    return Buffer.from(files.readFile(file)).toString("utf8");
  } catch (error) {
    problems.push({ severity: "error", message: `Can't read ${file}: ${systemError(error)}`, path: [name] });
    return undefined;
  }
}
