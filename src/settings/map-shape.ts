// Shapes of lookup maps: lists of tables, brought into one form. Compiling and searching them is src/lookup's.
import { isFileTable, isRegexpTable } from "../lookup/map.ts";
import type { RawTable, Scalar } from "../lookup/table.ts";
import { isMapping } from "../lookup/value.ts";
import { readDuration, readNumber } from "./number-shape.ts";
import { type Report, readTruth, type Shape, show, within } from "./shape.ts";
import type { MapSetting } from "./values.ts";

/** What maps yield; who compiles a map goes by it (policy/map-values.ts). */
export type YieldKind =
  | "truth"
  | "number"
  | "text"
  /** Next hops. */
  | "methods"
  /** Names of banks. */
  | "banks"
  | "signature-options"
  /** Tables by sender, in turn. */
  | "scores-by-sender"
  | "truths-by-sender"
  /** Names of banned_rules, or tables of them. */
  | "banned-rules"
  /** true, or domains that may sign. */
  | "signing-domains"
  | "any";

/** What the tables of a map yield. `read` brings a yielded value into its normal form. */
export interface Yield<K extends YieldKind = YieldKind> {
  readonly kind: K;
  readonly words: string;
  read(value: unknown, report: Report): unknown;
}

export const truthYield: Yield<"truth"> = {
  kind: "truth",
  words: "true or false",
  read(value, report) {
    if (value === null) return null;
    // Perl takes any number for a truth value.
    const number = readNumber(value);
    return readTruth(value) ?? (number === undefined ? report("true or false", value) : number !== 0);
  },
};

export const numberYield: Yield<"number"> = {
  kind: "number",
  words: "a number, or null for none",
  read: (value, report) => (value === null ? null : (readNumber(value) ?? report("a number", value))),
};

export const textYield: Yield<"text"> = {
  kind: "text",
  words: "text, or null for none",
  read(value, report) {
    if (value === null || typeof value === "string") return value;
    return typeof value === "number" || typeof value === "boolean" ? value : report("text", value);
  },
};

/** Names of banks with commas; 1 (or true) has a meaning of its own with some maps. */
export const banksYield: Yield<"banks"> = {
  kind: "banks",
  words: "names of policy banks, with commas",
  read(value, report) {
    if (value === true) return 1;
    return value === null || value === 1 || typeof value === "string" ? value : report("names of policy banks", value);
  },
};

/** Tables in tables, and whatever else a map's own part looks into. */
export const anyYield: Yield<"any"> = { kind: "any", words: "a value, or tables by sender", read: (value) => value };

/** The second level of a map, asked by sender. */
export const senderScoresYield: Yield<"scores-by-sender"> = { ...anyYield, kind: "scores-by-sender" };
export const senderTruthsYield: Yield<"truths-by-sender"> = { ...anyYield, kind: "truths-by-sender" };

export const bannedRulesYield: Yield<"banned-rules"> = { ...anyYield, kind: "banned-rules" };
export const signingDomainsYield: Yield<"signing-domains"> = {
  kind: "signing-domains",
  words: "true, false, or signing domains",
  read: (value) => value,
};

const signatureTags: Readonly<Record<string, (value: unknown) => unknown>> = {
  d: (value) => (value === null || isText(value) ? value : undefined),
  s: (value) => (value === null || isText(value) ? value : undefined),
  // rsa-sha1 stands in old files; the signer decides what it makes of it, and lint warns.
  a: (value) => (isText(value) && /^(rsa-sha256|ed25519-sha256|rsa-sha1)$/.test(value) ? value : undefined),
  c: (value) => (isText(value) && /^(simple|relaxed)(\/(simple|relaxed))?$/i.test(value) ? value : undefined),
  i: (value) => (value === null || isText(value) ? value : undefined),
  q: (value) => (value === "dns/txt" || value === null ? value : undefined),
  ttl: (value) => (value === null ? null : readDuration(value)),
  x: (value) => (value === null ? null : readNumber(value)),
};
const wantedTags: Readonly<Record<string, string>> = {
  d: "a domain, or null to leave this candidate out",
  s: "a selector",
  a: "rsa-sha256 or ed25519-sha256",
  c: "a canonicalization such as relaxed/simple",
  i: "an identity such as @example.com",
  q: "dns/txt",
  ttl: "a duration such as 21d",
  x: "a time in seconds since 1970",
};
/** Tags amavisd takes and ignores; l= is never made. They are kept, so that lint can warn of them. */
const ignoredTags: ReadonlySet<string> = new Set(["l", "h", "z", "t", "v", "r"]);

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Signature tags, or a list of sets of them for several signatures. */
export const signatureOptionsYield: Yield<"signature-options"> = {
  kind: "signature-options",
  words: "signature tags { d, s, a, c, i, q, ttl, x }, or a list of such sets for several signatures",
  read(value, report) {
    if (Array.isArray(value)) {
      return value.map((set: unknown, index) => readTags(set, within(report, index)));
    }
    return readTags(value, report);
  },
};

function readTags(value: unknown, report: Report): unknown {
  if (value === null) return null;
  if (!isMapping(value)) return report("signature tags such as { ttl: 21d, c: relaxed/simple }", value);
  const tags: Record<string, unknown> = {};
  for (const [tag, given] of Object.entries(value)) {
    if (ignoredTags.has(tag)) {
      tags[tag] = given;
      continue;
    }
    const read = Object.hasOwn(signatureTags, tag) ? signatureTags[tag] : undefined;
    if (read === undefined) {
      report(`!no signature tag "${tag}" (d s a c i q ttl x can be set)`, given, [tag]);
      continue;
    }
    const found = read(given);
    tags[tag] = found === undefined ? report(wantedTags[tag] ?? "another value", given, [tag]) : found;
  }
  return tags;
}

/** What a map is asked about. */
export type MapKey = "recipient" | "sender" | "author" | "signing domain" | "virus name" | "client address";

export interface MapShape<K extends YieldKind = YieldKind, By extends MapKey = MapKey> extends Shape<MapSetting> {
  readonly yields: Yield<K>;
  readonly by: By;
}

export function map<K extends YieldKind>(yields: Yield<K>): MapShape<K, "recipient">;
export function map<K extends YieldKind, By extends MapKey>(yields: Yield<K>, by: By): MapShape<K, By>;
export function map<K extends YieldKind>(yields: Yield<K>, by: MapKey = "recipient"): MapShape<K> {
  return {
    yields,
    by,
    words: `a lookup map by ${by}; yields ${yields.words}`,
    nullable: true,
    read(value, report) {
      if (value === null || value === undefined) return [];
      if (!Array.isArray(value)) return [readTable(value, yields, report)];
      return value.map((table: unknown, index) => readTable(table, yields, within(report, index)));
    },
  };
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** One table in its normal form. */
export function readTable(table: unknown, yields: Yield, report: Report): RawTable {
  if (table === null) return null;
  if (isScalar(table)) {
    const constant = yields.read(table, report);
    return isScalar(constant) ? constant : null;
  }
  if (Array.isArray(table)) return readAccessList(table, report);
  if (!isMapping(table)) return report("a table: a constant, a list or a mapping", table);
  if (Array.isArray(table["regexp"]) && isRegexpTable(table)) {
    return { regexp: readRules(table["regexp"], yields, report) };
  }
  if (isFileTable(table)) return { file: table.file };
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => [key, yields.read(value, within(report, key))]),
  );
}

function readAccessList(elements: readonly unknown[], report: Report): readonly string[] {
  return elements.map((element, index) => {
    if (typeof element === "string") return element;
    if (typeof element === "number") return String(element);
    return report("text in an access list", element, [index]);
  });
}

function readRules(
  rules: readonly unknown[],
  yields: Yield,
  report: Report,
): (string | readonly [pattern: string, value: unknown])[] {
  return rules.map((rule, index) => {
    if (typeof rule === "string") return rule;
    const [pattern, value] = Array.isArray(rule) ? rule : [];
    if (typeof pattern !== "string" || !Array.isArray(rule) || rule.length !== 2) {
      return report("a pattern, or [pattern, value]", rule, ["regexp", index]);
    }
    const read = yields.read(value, within(report, "regexp", index, 1));
    return [pattern, read];
  });
}

export function isMapShape(shape: Shape<unknown>): shape is MapShape {
  return "yields" in shape && "by" in shape;
}

/** A single table ("banned_namepath_re", the networks of client_ipaddr_policy). */
/** A list of pairs is a table of patterns: [["\\.exe$", true]] for { regexp: [["\\.exe$", true]] }. */
export const table: Shape<RawTable> = {
  words: "a lookup table",
  nullable: true,
  read(value, report) {
    const isPatterns = Array.isArray(value) && value.length > 0 && value.every(Array.isArray);
    return readTable(isPatterns ? { regexp: value } : value, anyYield, report);
  },
};

/** banned_rules: each name stands for a list of tables; one table alone is a list of one. */
export const bannedRule: Shape<readonly RawTable[]> = {
  words: "tables of patterns; what they yield says whether the name is banned",
  nullable: true,
  read(value, report) {
    if (value === null) return [];
    if (typeof value === "string") return report("a table such as { regexp: [...] }", value);
    if (!Array.isArray(value)) return [readTable(value, anyYield, report)];
    return value.map((item: unknown, index) =>
      isScalar(item) && typeof item !== "string"
        ? report(`a table, not ${show(item)}`, item, [index])
        : readTable(item, anyYield, within(report, index)),
    );
  },
};
