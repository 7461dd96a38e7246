// The YAML front: signpost.yaml and what it includes, as plain settings with the place of each.
// Files come in through `ReadFile`; what the settings mean is the compiler's business.

import { dirname, isAbsolute, join } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { errorText } from "../mail/error-text.ts";
import { isMapping, show } from "../settings/shape.ts";
import type { ConfigSource, Place, Problem, SettingPath } from "./source.ts";
import { countMarks, depthFault, encodingFault, explain, foreignBlank, maxDepth } from "./yaml-faults.ts";

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
/** A file that is no YAML at all makes hundreds. */
const maxSyntaxErrors = 10;

/** Settings whose members may come from several files; a list is continued, a mapping gets further names. */
const shared: ReadonlySet<string> = new Set(["policy_bank", "interface_policy", "banned_rules", "dkim_keys"]);

interface Parsed {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Where a setting (one or two steps of path) stands: the file, and its path there. */
interface Owner {
  readonly parsed: Parsed;
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
  #first: Parsed | undefined;
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
    const parsed = this.#parse(file, text);
    if (parsed === undefined) return;
    this.#first ??= parsed;
    const settings = this.#plain(parsed);
    if (settings === undefined) return;
    this.#include(parsed, settings["include"]);
    for (const [name, value] of Object.entries(settings)) {
      if (name !== "include") this.#take(parsed, name, value);
    }
  }

  #parse(file: string, text: string): Parsed | undefined {
    const start = { file, line: 1, column: 1 };
    this.#size += text.length;
    this.#marks += this.#size > maxSize ? 0 : countMarks(text);
    if (this.#size > maxSize || this.#marks > maxMarks) {
      const limit =
        this.#size > maxSize
          ? `larger than ${maxSize / 1024 ** 2} MB`
          : `longer than ${maxMarks.toLocaleString("en")} lines and entries`;
      this.#report("error", start, `the configuration is ${limit}; ${elsewhere}`);
      return undefined;
    }
    const encoding = encodingFault(text);
    if (encoding !== undefined) {
      this.#report("error", start, encoding);
      return undefined;
    }
    // What is not UTF-8 was read as this, and would be taken for a letter.
    const foreign = text.indexOf("\ufffd");
    if (foreign !== -1) {
      const before = text.slice(0, foreign).split("\n");
      const place = { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
      this.#report("error", place, "an octet here is not UTF-8: save the file as UTF-8");
      return undefined;
    }
    const tooDeep = depthFault(text);
    if (tooDeep !== undefined) {
      this.#report(
        "error",
        { file, line: tooDeep, column: 1 },
        `more than ${maxDepth} lists and mappings in each other`,
      );
      return undefined;
    }
    const lines = new LineCounter();
    let document: Document.Parsed;
    try {
      document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
    } catch (error) {
      this.#report("error", start, `this is no YAML: ${errorText(error)}`);
      return undefined;
    }
    const parsed = { file, document, lines };
    // Such a blank is right inside of a text; where it parts nothing, the parser's complaints only puzzle.
    const noSettings = isScalar(document.contents) && document.contents.value !== null;
    const blank = document.errors.length > 0 || noSettings ? foreignBlank(text) : undefined;
    if (blank !== undefined) {
      const code = text.charCodeAt(blank).toString(16).toUpperCase().padStart(4, "0");
      const message = `the blank here is U+${code}${code === "00A0" ? " (no-break space)" : ""}, which YAML takes for a letter: write a plain one`;
      this.#report("error", placeAt(parsed, blank), message);
      return undefined;
    }
    for (const error of document.errors.slice(0, maxSyntaxErrors)) this.#reportYaml(parsed, "error", error);
    if (document.errors.length > maxSyntaxErrors) {
      this.#report("error", start, `${document.errors.length - maxSyntaxErrors} more errors: is this YAML?`);
    }
    keepSpelling(document);
    this.#reportDuplicates(parsed);
    for (const warning of document.warnings) this.#reportYaml(parsed, "warning", warning);
    return this.problems.some(({ severity, place }) => severity === "error" && place?.file === file)
      ? undefined
      : parsed;
  }

  /** The parser's own test for names that stand twice takes quadratic time. */
  #reportDuplicates(parsed: Parsed): void {
    visit(parsed.document, {
      Map: (_, map) => {
        const names = new Set<string>();
        for (const { key: name } of map.items) {
          if (!isScalar(name)) {
            this.#report("error", placeAt(parsed, offsetOf(name)), "expected a name before the colon");
            continue;
          }
          const text = String(name.value);
          if (names.has(text)) this.#report("error", placeAt(parsed, offsetOf(name)), `"${text}" stands twice here`);
          names.add(text);
        }
      },
    });
  }

  #reportYaml(parsed: Parsed, severity: Problem["severity"], error: YAMLError): void {
    const { message, offset } = explain(error, parsed.document);
    this.#report(severity, placeAt(parsed, offset), message);
  }

  #plain(parsed: Parsed): Readonly<Record<string, unknown>> | undefined {
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

  #include(parsed: Parsed, value: unknown): void {
    if (value === undefined || value === null) return;
    const patterns: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, pattern] of patterns.entries()) {
      const place = this.#placeIn(parsed, Array.isArray(value) ? ["include", index] : ["include"], "value");
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
  #take(parsed: Parsed, name: string, value: unknown): void {
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

  #noteOverride(parsed: Parsed, path: SettingPath): void {
    const place = this.locate(path, "name");
    const where = place === undefined ? "" : ` at ${place.file}:${place.line}`;
    this.#report(
      "note",
      this.#placeIn(parsed, path, "name"),
      `${path.join(".")} is set${where}, too; this one is used`,
    );
  }

  #own(parsed: Parsed, name: string, value: unknown, shift: number): void {
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
      if (owner !== undefined) return this.#placeIn(owner.parsed, [...owner.path, ...path.slice(length)], at);
    }
    return this.#first === undefined ? undefined : { file: this.#first.file, line: 1, column: 1 };
  }

  #placeIn(parsed: Parsed, path: SettingPath, at: "value" | "name"): Place {
    let node: unknown = parsed.document.contents;
    let offset = 0;
    for (const [index, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(parsed.document);
      // One table alone may stand where a list of tables is meant.
      if (step === 0 && !isSeq(node)) continue;
      const found = stepInto(node, step);
      if (found === undefined) break;
      const last = index === path.length - 1;
      const nameOffset = found.name?.range?.[0];
      const valueOffset = isAlias(found.value) || isAnyNode(found.value) ? found.value.range?.[0] : undefined;
      offset = (last && at === "value" ? (valueOffset ?? nameOffset) : (nameOffset ?? valueOffset)) ?? offset;
      node = found.value;
    }
    return placeAt(parsed, offset);
  }

  #report(severity: Problem["severity"], place: Place | undefined, message: string): void {
    this.problems.push({ severity, message, ...(place !== undefined && { place }) });
  }
}

/**
 * A number that is written otherwise than it is shown ("172.20", "2024.10", "0660", "6e8", more digits than a number
 * keeps) stays the text it is: it may be a network, a selector or a mode. Where a number is wanted, such a text is
 * taken for one.
 */
function keepSpelling(document: Document.Parsed): void {
  visit(document, {
    Scalar: (_, node) => {
      const { value, source, type } = node;
      if (typeof value !== "number" || source === undefined || type !== "PLAIN") return;
      if (String(value) !== source) node.value = source;
    },
  });
}

interface Found {
  readonly name?: Node;
  readonly value: unknown;
}

function stepInto(node: unknown, step: string | number): Found | undefined {
  if (isMap(node)) return membersOf(node).get(String(step));
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { value: item };
  }
  return undefined;
}

/** Members by name, found once per mapping: a table may have thousands, and each can be asked for. */
const members = new WeakMap<YAMLMap, ReadonlyMap<string, Found>>();

function membersOf(map: YAMLMap): ReadonlyMap<string, Found> {
  const known = members.get(map);
  if (known !== undefined) return known;
  const found = new Map<string, Found>();
  for (const { key: name, value } of map.items) {
    if (isScalar(name)) found.set(String(name.value), { name, value });
  }
  members.set(map, found);
  return found;
}

function offsetOf(node: unknown): number {
  return isAlias(node) || isAnyNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function isAnyNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value);
}

function key(path: SettingPath): string {
  return JSON.stringify(path.map(String));
}

/** Also right for a name like "__proto__", which then is an unknown setting like any other. */
function set(record: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true });
}

function placeAt(parsed: Parsed, offset: number): Place {
  const { line, col } = parsed.lines.linePos(offset);
  return { file: parsed.file, line: Math.max(line, 1), column: Math.max(col, 1) };
}
