// The shapes a setting's value can have: what is taken, and the one normal form it is turned into.
// Reading a normal form again gives the same normal form; `--print` relies on it.
import { toAscii } from "../mail/domain.ts";
import { isEnvelopeSender, readSenderName } from "../mail/sender-name.ts";
import type { Destiny, TemplateSource } from "./values.ts";

/**
 * Reports what is wrong with a value: what was wanted ("!" in front: a whole sentence), what was found, the steps to a fault further
 * inside, and whether the place to show is the value or its name. What it gives back is no value: the reader returns it, and
 * `readRecord` leaves the whole setting out.
 */
export type Report = (
  wanted: string,
  found: unknown,
  inside?: readonly (string | number)[],
  at?: "value" | "name",
) => never;

/** A report that hands each fault to `say`. */
export function reporter(
  say: (message: string, inside: readonly (string | number)[], at: "value" | "name") => void,
): Report {
  return (wanted, found, inside = [], at = "value") => {
    const message = wanted.startsWith("!") ? wanted.slice(1) : `expected ${wanted}, found ${show(found)}`;
    say(message, inside, at);
    if (isNoValue(found)) return found;
    throw new Error("not reached");
  };
}

/** A report of faults that many steps inside a value. */
export function within(report: Report, ...steps: readonly (string | number)[]): Report {
  return (wanted, found, inside = [], at) => report(wanted, found, [...steps, ...inside], at);
}

/** So that what a report gives back has the type of no value. */
function isNoValue(_found: unknown): _found is never {
  return true;
}

export interface Shape<T> {
  /** For the manual: "true or false", "a duration such as 21d". */
  readonly words: string;
  /** null is a value of its own ("none"); where false, null means the default. */
  readonly nullable: boolean;
  /** Where a value is written or taken in a way of its own: truths as Perl has them, numbers with units. */
  readonly kind?:
    | "truth"
    | "duration"
    | "size"
    | "permissions"
    | "file"
    | "file-of-kind"
    | "log-target"
    | "secret"
    | "scanners"
    | "url-with-password";
  /** The shape of what stands inside a value: each element of a list or mapping, the member of a record. */
  inside?(step: string | number): Shape<unknown> | undefined;
  /** Turns what a front gave into the normal form. */
  read(value: unknown, report: Report): T;
}

/** A value as a message shows it: short, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const truth: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ["1", true],
  ["0", false],
  ["", false],
  [null, false],
]);

/** A truth value as Perl and YAML write it; undefined where it is none. */
export function readTruth(value: unknown): boolean | undefined {
  return truth.get(value);
}

export const toggle: Shape<boolean> = {
  words: "true or false",
  nullable: true,
  kind: "truth",
  read(value, report) {
    const known = readTruth(value);
    if (known !== undefined) return known;
    const hint = typeof value === "string" && /^(yes|no|on|off)$/i.test(value) ? " (YAML 1.2 knows no yes and no)" : "";
    return report(`true or false${hint}`, value);
  },
};

export const text: Shape<string> = {
  words: "text",
  nullable: false,
  read(value, report) {
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    return report("text", value);
  },
};

/** A name of ours, as it goes into replies and header fields: a host name in U-labels in its A-labels. */
export const ownName: Shape<string> = {
  ...text,
  read(value, report) {
    const given = text.read(value, report);
    return typeof given === "string" && /[^\x00-\x7f]/.test(given) ? (toAscii(given) ?? given) : given;
  },
};

export function optional<T>(shape: Shape<T>): Shape<T | null> {
  return {
    ...shape,
    words: `${shape.words}, or null`,
    nullable: true,
    read: (value, report) => (value === null ? null : shape.read(value, report)),
  };
}

/** A number, also written as text ("6.31"), within bounds. */
export function number(least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Shape<number> {
  const words = Number.isFinite(least)
    ? Number.isFinite(most)
      ? `a number from ${least} to ${most}`
      : `a number of ${least} or more`
    : "a number";
  return {
    words,
    nullable: false,
    read(value, report) {
      const found = readNumber(value);
      return found !== undefined && found >= least && found <= most ? found : report(words, value);
    },
  };
}

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Shape<number> {
  const words =
    most === Number.MAX_SAFE_INTEGER ? `a whole number of ${least} or more` : `a whole number from ${least} to ${most}`;
  return {
    words,
    nullable: false,
    read(value, report) {
      const found = readNumber(value);
      const fits = found !== undefined && Number.isSafeInteger(found) && found >= least && found <= most;
      return fits ? found : report(words, value);
    },
  };
}

/** A number, or a text that YAML would read as one: "6.31", "1e3", "0x1F". */
export function readNumber(value: unknown): number | undefined {
  const isText = typeof value === "string" && value.length <= 40 && numberForm.test(value);
  const found = isText ? Number(value) : value;
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

const numberForm = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|0x[\da-fA-F]+|0o[0-7]+)$/;

const secondsPer: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86400 };
const octetsPer: Readonly<Record<string, number>> = { "": 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** Reads "21d", "1.5h" or a plain number of seconds. */
export function readDuration(value: unknown): number | undefined {
  return readWithUnit(value, /^(\d{1,12}(?:\.\d{1,6})?)([smhd]?)$/, secondsPer);
}

function readWithUnit(value: unknown, form: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const plain = readNumber(value);
  if (plain !== undefined) return plain >= 0 ? plain : undefined;
  if (typeof value !== "string") return undefined;
  const [, count = "", unit = ""] = form.exec(value) ?? [];
  const per = units[unit];
  return count === "" || per === undefined ? undefined : Number(count) * per;
}

/** Seconds. */
export const duration: Shape<number> = {
  words: "a duration: seconds, or with a unit (s m h d), 90s, 21d",
  nullable: false,
  kind: "duration",
  read: (value, report) => readDuration(value) ?? report('a duration such as 90, "90s", "15m", "8h" or "21d"', value),
};

/** Octets. */
export const size: Shape<number> = {
  words: "a size: octets, or with a unit (k M G, powers of 1024), 256k, 64M",
  nullable: false,
  kind: "size",
  read(value, report) {
    const octets = readWithUnit(value, /^(\d{1,15}(?:\.\d{1,6})?)([kMG]?)$/, octetsPer);
    return octets === undefined ? report('a size such as 4096, "256k", "64M" or "1G"', value) : Math.floor(octets);
  },
};

/** Octets, up to so many. */
export function sizeUpTo(most: number, words: string): Shape<number> {
  return {
    ...size,
    words: `${size.words}; at most ${words}`,
    read(value, report) {
      const octets = size.read(value, report);
      return typeof octets !== "number" || octets <= most ? octets : report(`a size of at most ${words}`, value);
    },
  };
}

export function oneOf<const T extends string>(...names: readonly T[]): Shape<T> {
  const words = names.join(" or ");
  return {
    words,
    nullable: false,
    read: (value, report) => names.find((name) => name === value) ?? report(words, value),
  };
}

/** A list; one value alone is a list of one, null an empty list. */
export function list<T>(element: Shape<T>, words = `a list, each ${element.words}`): Shape<readonly T[]> {
  return {
    words,
    nullable: true,
    inside: () => element,
    read(value, report) {
      if (value === null) return [];
      if (!Array.isArray(value)) return [element.read(value, report)];
      return value.map((item: unknown, index) => element.read(item, within(report, index)));
    },
  };
}

/** A mapping of names to values of one shape; null an empty one. */
export function mapping<T>(
  element: Shape<T>,
  words: string,
  key = (name: string) => name,
): Shape<Readonly<Record<string, T>>> {
  return {
    words,
    nullable: true,
    inside: () => element,
    read(value, report) {
      if (value === null) return {};
      if (!isMapping(value)) return report(words, value);
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [key(name), element.read(item, within(report, name))]),
      );
    },
  };
}

/** Kept as it is: settings whose meaning belongs to a check that does not exist yet. */
export const anything: Shape<unknown> = { words: "anything", nullable: true, read: (value) => value };

const destinies: readonly Destiny[] = ["D_PASS", "D_DISCARD", "D_BOUNCE", "D_REJECT", "D_TEMPFAIL"];
const destinyNumbers: ReadonlyMap<unknown, Destiny> = new Map<unknown, Destiny>([
  [1, "D_PASS"],
  [0, "D_DISCARD"],
  [-2, "D_BOUNCE"],
  [-3, "D_REJECT"],
  [-4, "D_TEMPFAIL"],
]);

/** amavisd's destinies, by name or by the number behind it; "pass" is taken for D_PASS. */
export const destiny: Shape<Destiny> = {
  words: destinies.join(", "),
  nullable: false,
  read(value, report) {
    const name = typeof value === "string" ? `D_${value.replace(/^d_/i, "").toUpperCase()}` : destinyNumbers.get(value);
    return destinies.find((known) => known === name) ?? report(`one of ${destinies.join(", ")}`, value);
  },
};

/** A file or folder. A relative name starts at the folder of the configuration file; the compiler makes it absolute. */
export const file: Shape<string> = {
  words: "the name of a file; a relative one starts at the folder of the configuration file",
  nullable: false,
  kind: "file",
  read: (value, report) => (typeof value === "string" && value !== "" ? value : report("the name of a file", value)),
};

/** "refile:name", as OpenDKIM writes the names of its tables. */
export const fileOfKind: Shape<string> = { ...text, kind: "file-of-kind" };

/** A password or key: kept out of what is printed. */
export const secret: Shape<string> = { ...text, kind: "secret" };

export const logTarget: Shape<string> = {
  words: "stderr, syslog, syslog:/path, syslog:host:port, or the name of a file with a slash in it",
  nullable: false,
  kind: "log-target",
  read(value, report) {
    if (value === "stderr" || value === "syslog") return value;
    if (typeof value === "string" && /^syslog:(?:\/|.+:\d{1,5}$)/.test(value)) return value;
    return typeof value === "string" && value.includes("/")
      ? value
      : report('stderr, syslog, "syslog:host:port" or "/path/to/file"', value);
  },
};

/** File permissions; text is octal, as is what YAML writes 0o660. */
export const mode: Shape<number> = {
  words: 'file permissions, "0660"',
  nullable: false,
  kind: "permissions",
  read(value, report) {
    const found =
      typeof value === "string" && /^(?:0o?)?0?[0-7]{3}$/.test(value)
        ? Number.parseInt(value.replace("o", ""), 8)
        : value;
    const fits = typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= 0o777;
    return fits ? found : report('file permissions such as "0660"', value);
  },
};

/** A template of notices: its text, or a file. What is wrong within it is told when files are read. */
export const template: Shape<TemplateSource> = {
  words: "the text of a template, or { file: name }",
  nullable: true,
  read(value, report) {
    if (value === null || typeof value === "string") return value;
    if (isMapping(value) && typeof value.file === "string" && Object.keys(value).length === 1) {
      return { file: value.file };
    }
    return report("the text of a template, or { file: name }", value);
  },
};

/** The envelope sender of mail of ours. */
export const envelopeSender: Shape<string> = {
  words: 'an address, or "" for the null sender',
  nullable: false,
  read(value, report) {
    const taken = typeof value === "string" && isEnvelopeSender(value);
    return taken ? value : report('an address, or "" for the null sender', value);
  },
};

/** One mailbox as a From field has it. */
export const mailbox: Shape<string> = {
  words: 'a mailbox: "Content filter <postmaster@example.com>", or an address',
  nullable: false,
  read(value, report) {
    const taken = typeof value === "string" && readSenderName(value, "host.example") !== undefined;
    return taken ? value : report('a mailbox such as "Content filter <postmaster@example.com>"', value);
  },
};

export const upperCase: Shape<string> = {
  ...text,
  read: (value, report) => (typeof value === "string" ? value.toUpperCase() : report("text", value)),
};
export const lowerCase: Shape<string> = {
  ...text,
  read: (value, report) => (typeof value === "string" ? value.toLowerCase() : report("text", value)),
};

/** signed_header_fields: names in any case, kept lower; the member REPLACE keeps its capitals. */
export const fieldCounts = mapping(
  {
    words: "0, 1 or 2",
    nullable: true,
    read(value, report) {
      if (value === true) return 1;
      if (value === false || value === null || value === "") return 0;
      const found = readNumber(value);
      return found !== undefined && Number.isInteger(found) && found >= 0
        ? Math.min(found, 2)
        : report("0, 1 or 2", value);
    },
  } satisfies Shape<number>,
  "a mapping of header field names to 0, 1 or 2",
  fieldName,
);

/** Switches by header field name. */
export const fieldSwitches = mapping(toggle, "a mapping of header field names to true or false", fieldName);

function fieldName(name: string): string {
  return name === "REPLACE" ? name : name.toLowerCase();
}
