// The shapes a setting's value can have: what is taken, and the one normal form it is turned into. Here are the general ones.
// Reading a normal form again gives the same normal form; `--print` relies on it.
import { isMapping } from "../lookup/value.ts";

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

/** Gives the result of a report the type `never`. */
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

export function optional<T>(shape: Shape<T>): Shape<T | null> {
  return {
    ...shape,
    words: `${shape.words}, or null`,
    nullable: true,
    read: (value, report) => (value === null ? null : shape.read(value, report)),
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
