// Lines "Option value" of opendkim.conf(5) and of DKIMproxy's files, with their places; and what is gathered of them.
import type { ConfigSource, Place, Problem, SettingPath } from "../config/source.ts";

export interface OptionLine {
  /** As written. */
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

/** Reads a file; rejects by throwing. */
export type ReadText = (path: string) => string;

/** A hash begins a comment wherever it stands. */
export function* optionLines(text: string, file: string): Generator<OptionLine> {
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const found = /^([ \t]*)([^ \t#]+)[ \t]*([^#]*)/.exec(raw);
    const [, blanks = "", name = "", value = ""] = found ?? [];
    if (name !== "") yield { name, value: value.trim(), place: { file, line: index + 1, column: blanks.length + 1 } };
  }
}

/** Settings with their places, as they are found one by one. */
export class Gathered {
  readonly #settings: Record<string, unknown> = {};
  readonly #places = new Map<string, Place>();
  readonly #problems: Problem[] = [];

  /** The later one stands. */
  set(name: string, value: unknown, place: Place | undefined): void {
    this.#settings[name] = value;
    if (place !== undefined) this.#places.set(name, place);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#settings, name);
  }

  /** Members of a mapping. */
  merge(name: string, members: Readonly<Record<string, unknown>>, place: Place | undefined): void {
    const before = this.#settings[name];
    this.set(name, { ...(typeof before === "object" ? before : {}), ...members }, place);
  }

  say(severity: Problem["severity"], message: string, place: Place): void {
    this.#problems.push({ severity, message, place });
  }

  /** @param folder where relative names of files start */
  source(folder: string): ConfigSource {
    const places = this.#places;
    return {
      settings: this.#settings,
      problems: this.#problems,
      locate: ([name = ""]: SettingPath) => places.get(String(name)),
      folder,
    };
  }
}

/** Members of a data set: after "csl:", by themselves, or one a line in a file; undefined for a kind that is not read. */
export function readDataSet(value: string, read: ReadText): readonly string[] | undefined {
  const [, kind, rest] = /^([a-z]+):(.*)$/.exec(value) ?? [];
  if (kind === "csl") return members(rest ?? "");
  if (kind === "file" || kind === "refile" || value.startsWith("/")) {
    return [...optionLines(read(kind === undefined ? value : (rest ?? "")), "")].map(({ name }) => name);
  }
  // "dead::beef" is an address, no kind.
  return kind !== undefined && databases.has(kind) ? undefined : members(value);
}

const databases = new Set([
  "bdb",
  "db",
  "dsn",
  "erlang",
  "ldap",
  "ldaps",
  "ldapi",
  "lua",
  "mdb",
  "memcache",
  "repute",
  "socket",
]);

function members(text: string): readonly string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** By its first letter, as OpenDKIM reads it; undefined for neither. */
export function readBoolean(value: string): boolean | undefined {
  if (/^[ty1]/i.test(value)) return true;
  return /^[fn0]/i.test(value) ? false : undefined;
}
