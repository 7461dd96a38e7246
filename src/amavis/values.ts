// Perl's data as far as configurations need it: scalars, arrays and hashes that references share, and names for the rest.
// Each container and each element remembers where it was written.
import type { SourceOrigin } from "./source-text.ts";

export type Value =
  | undefined
  | string
  | number
  | { readonly kind: "scalar"; readonly box: ScalarBox }
  | { readonly kind: "array"; readonly box: ArrayBox }
  | { readonly kind: "hash"; readonly box: HashBox }
  | { readonly kind: "pattern"; readonly source: string; readonly flags: string; readonly origin: SourceOrigin }
  /** new_RE(…): patterns tried in order. */
  | { readonly kind: "table"; readonly rows: readonly Item[]; readonly origin: SourceOrigin }
  /** Code known by its name (\&ask_daemon). */
  | { readonly kind: "code"; readonly name: string; readonly origin: SourceOrigin }
  /** Opaque(…), OpaqueRef(…): the value itself, not a table. */
  | { readonly kind: "opaque"; readonly value: Value }
  /** What would need Perl to know. */
  | Unknown;

export interface Unknown {
  readonly kind: "unknown";
  /** What stands there, for messages: "the output of a command". */
  readonly what: string;
  readonly origin: SourceOrigin;
}

/** A value and where it was written. */
export interface Item {
  readonly value: Value;
  readonly origin: SourceOrigin;
}

export interface ScalarBox {
  value: Value;
  /** Undefined while it holds amavisd's default. */
  origin: SourceOrigin | undefined;
}

export interface ArrayBox {
  items: ScalarBox[];
  origin: SourceOrigin | undefined;
  /** Set if the whole was filled by one read_array or read_cidr: the file's name. */
  file?: string;
}

export interface HashBox {
  map: Map<string, ScalarBox>;
  /** Where the whole hash was last assigned. */
  origin: SourceOrigin | undefined;
  /** Where anything in it was last touched. */
  touched: SourceOrigin | undefined;
  /** Keys taken out by `delete`, and where. */
  removed?: Map<string, SourceOrigin>;
  /** Set if all of it came from one read_hash: the file's name. */
  file?: string;
}

/** Elements one list may get. */
export const maxElements = 200_000;

export function isUnknown(value: Value): value is Unknown {
  return typeof value === "object" && value.kind === "unknown";
}

export function truth(value: Value): boolean | Unknown {
  if (isUnknown(value)) return value;
  return !(value === undefined || value === "" || value === "0" || value === 0);
}

/** Perl's text of a value; references have none worth having. */
export function textOf(value: Value): string | Unknown {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (value.kind === "unknown") return value;
  if (value.kind === "pattern") return `(?^${value.flags}:${value.source})`;
  if (value.kind === "code") return `CODE(${value.name})`;
  return value.kind.toUpperCase();
}

/** As Perl prints numbers: fifteen digits, no trailing zeros. */
export function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) return value > 0 ? "Inf" : value < 0 ? "-Inf" : "NaN";
  const plain = String(Number(value.toPrecision(15)));
  return plain.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Perl's number of a value: the number that a text starts with, else 0. */
export function numberOf(value: Value): number | Unknown {
  if (typeof value === "number") return value;
  if (value === undefined) return 0;
  if (typeof value === "string") {
    const found = /^\s{0,100}[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/.exec(value.slice(0, 400));
    return found === null ? 0 : Number(found[0]);
  }
  return value.kind === "unknown" ? value : 1;
}

export function createHash(origin?: SourceOrigin): HashBox {
  return { map: new Map(), origin, touched: origin };
}

export function isUnknownTruth(held: boolean | Unknown): held is Unknown {
  return typeof held === "object";
}
