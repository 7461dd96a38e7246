// The YAML front: signpost.yaml and what it includes, as plain settings with the place of each.
// Files come in through `ReadFile`; what the settings mean is the compiler's business.

import { dirname, isAbsolute, join } from "node:path";
import { isMapping } from "../lookup/value.ts";
import { errorText } from "../mail/error-text.ts";
import { show } from "../settings/shape.ts";
import type { ConfigSource, Place, Problem, SettingPath } from "./source.ts";
import { parseYaml } from "./yaml-document.ts";
import { countMarks } from "./yaml-faults.ts";
import { type ParsedYaml, placeIn } from "./yaml-places.ts";

export interface Files {
  /** The text of a file; throws an error whose message says why not. */
  read(path: string): string;
  /** Files that match a pattern with `*` and `?` in it, sorted; the path itself where it holds none. */
  glob(pattern: string): readonly string[];
}

/** More is refused, of all files together: parsing it would stop the daemon for seconds. */
const maxSize = 2 * 1024 ** 2;
const maxMarks = 60_000;
const elsewhere =
  "keep long tables in files of their own ({ file: … }) and many keys in dkim_key_dir or in dkim_keytable and dkim_signingtable";
const maxIncludes = 1000;
const maxAliasCount = 100;

/** Settings whose members may come from several files; a list is continued, a mapping gets further names. */
const shared: ReadonlySet<string> = new Set(["policy_bank", "interface_policy", "banned_rules", "dkim_keys"]);

/** Where a setting (one or two steps of path) stands: the file, and its path there. */
interface Owner {
  readonly parsed: ParsedYaml;
  readonly path: SettingPath;
}

export function readYamlSource(path: string, files: Files): ConfigSource {
  const reading = new Reading(files);
  reading.readFile(path, undefined);
  return {
    settings: reading.settings,
    problems: reading.problems,
    locate: (setting, at = "value") => reading.locate(setting, at),
  };
}

class Reading {
  readonly settings: Record<string, unknown> = {};
  readonly problems: Problem[] = [];
  readonly #files: Files;
  readonly #owners = new Map<string, Owner>();
  readonly #seen = new Set<string>();
  #first: ParsedYaml | undefined;
  #size = 0;
  #marks = 0;

  constructor(files: Files) {
    this.#files = files;
  }

  readFile(file: string, includedAt: Place | undefined): void {
    if (this.#seen.has(file)) {
      this.#report("error", includedAt, `${file} is included twice`);
      return;
    }
    this.#seen.add(file);
    if (this.#seen.size > maxIncludes) {
      this.#report("error", includedAt, `more than ${maxIncludes} files are included`);
      return;
    }
    let text: string;
    try {
      text = this.#files.read(file);
    } catch (error) {
      this.#report("error", includedAt, `${file} cannot be read: ${errorText(error)}`);
      return;
    }
    if (!this.#fits(file, text)) return;
    const parsed = parseYaml(file, text, (severity, place, message) => this.#report(severity, place, message));
    if (parsed === undefined) return;
    this.#first ??= parsed;
    const settings = this.#plain(parsed);
    if (settings === undefined) return;
    this.#include(parsed, settings["include"]);
    for (const [name, value] of Object.entries(settings)) {
      if (name !== "include") this.#take(parsed, name, value);
    }
  }

  /** Whether this file and those before it are small enough together. */
  #fits(file: string, text: string): boolean {
    this.#size += text.length;
    this.#marks += this.#size > maxSize ? 0 : countMarks(text);
    if (this.#size <= maxSize && this.#marks <= maxMarks) return true;
    const limit =
      this.#size > maxSize
        ? `larger than ${maxSize / 1024 ** 2} MB`
        : `longer than ${maxMarks.toLocaleString("en")} lines and entries`;
    this.#report("error", { file, line: 1, column: 1 }, `the configuration is ${limit}; ${elsewhere}`);
    return false;
  }

  #plain(parsed: ParsedYaml): Readonly<Record<string, unknown>> | undefined {
    const start = { file: parsed.file, line: 1, column: 1 };
    let value: unknown;
    try {
      value = parsed.document.toJS({ maxAliasCount });
    } catch (error) {
      this.#report("error", start, errorText(error));
      return undefined;
    }
    if (value === null) return {};
    if (isMapping(value)) return value;
    this.#report("error", start, `expected settings as "name: value", found ${show(value)}`);
    return undefined;
  }

  #include(parsed: ParsedYaml, value: unknown): void {
    if (value === undefined || value === null) return;
    const patterns: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, pattern] of patterns.entries()) {
      const place = placeIn(parsed, Array.isArray(value) ? ["include", index] : ["include"], "value");
      if (typeof pattern !== "string" || pattern === "") {
        this.#report("error", place, `include: expected a file name or a pattern, found ${show(pattern)}`);
        continue;
      }
      const absolute = isAbsolute(pattern) ? pattern : join(dirname(parsed.file), pattern);
      const found = this.#files.glob(absolute);
      if (found.length === 0) this.#report("note", place, `include: no file matches ${pattern}`);
      for (const file of found) this.readFile(file, place);
    }
  }

  /** A later file wins; a setting of `shared` collects from all. */
  #take(parsed: ParsedYaml, name: string, value: unknown): void {
    const before = this.settings[name];
    const owner = this.#owners.get(key([name]));
    if (owner === undefined || before === undefined) {
      set(this.settings, name, value);
      this.#own(parsed, name, value, 0);
      return;
    }
    if (shared.has(name) && Array.isArray(before) && Array.isArray(value)) {
      set(this.settings, name, [...before, ...value]);
      this.#own(parsed, name, value, before.length);
      return;
    }
    if (shared.has(name) && isMapping(before) && isMapping(value)) {
      for (const member of Object.keys(value)) {
        if (Object.hasOwn(before, member)) this.#noteOverride(parsed, [name, member]);
      }
      set(this.settings, name, { ...before, ...value });
      this.#own(parsed, name, value, 0);
      return;
    }
    this.#noteOverride(parsed, [name]);
    set(this.settings, name, value);
    this.#own(parsed, name, value, 0);
  }

  #noteOverride(parsed: ParsedYaml, path: SettingPath): void {
    const place = this.locate(path, "name");
    const where = place === undefined ? "" : ` at ${place.file}:${place.line}`;
    this.#report("note", placeIn(parsed, path, "name"), `${path.join(".")} is set${where}, too; this one is used`);
  }

  #own(parsed: ParsedYaml, name: string, value: unknown, shift: number): void {
    this.#owners.set(key([name]), { parsed, path: [name] });
    if (!shared.has(name)) return;
    const members = Array.isArray(value) ? value.map((_, index) => index) : isMapping(value) ? Object.keys(value) : [];
    for (const member of members) {
      const step = typeof member === "number" ? member + shift : member;
      this.#owners.set(key([name, step]), { parsed, path: [name, member] });
    }
  }

  locate(path: SettingPath, at: "value" | "name"): Place | undefined {
    for (const length of [2, 1]) {
      const owner = path.length >= length ? this.#owners.get(key(path.slice(0, length))) : undefined;
      if (owner !== undefined) return placeIn(owner.parsed, [...owner.path, ...path.slice(length)], at);
    }
    return this.#first === undefined ? undefined : { file: this.#first.file, line: 1, column: 1 };
  }

  #report(severity: Problem["severity"], place: Place | undefined, message: string): void {
    this.problems.push({ severity, message, ...(place !== undefined && { place }) });
  }
}

function key(path: SettingPath): string {
  return JSON.stringify(path.map(String));
}

/** Also right for a name like "__proto__", which then is an unknown setting like any other. */
function set(record: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true });
}
