// Turns Perl's values into what signpost.yaml would hold, keeping where each part was written.
import { PatternChecker } from "./perl-match.ts";
import type { SourceOrigin } from "./source-text.ts";
import { type Item, isUnknown, type ScalarBox, type Value } from "./values.ts";

/** Plain data with its places: of the value, and of the name or index it stands under. */
export interface Located {
  /** Undefined where it is not known. */
  readonly value: unknown;
  readonly origin: SourceOrigin | undefined;
  readonly members?: ReadonlyMap<string | number, Located>;
}

/** What all conversions of one configuration share: the report, the patterns, and a bound on how much they make. */
export interface SettingsSink {
  report(severity: "error" | "warning" | "note", origin: SourceOrigin | undefined, message: string): void;
  readonly patterns: PatternChecker;
  /** Parts that may still be made: references in circles could make any number. */
  partsLeft: number;
}

const maxDepth = 40;
const maxParts = 500_000;

export function createSink(report: SettingsSink["report"]): SettingsSink {
  return { report, patterns: new PatternChecker(), partsLeft: maxParts };
}

export class Converter {
  readonly #sink: SettingsSink;
  /** The name of the setting, for messages. */
  readonly #name: string;
  readonly #lenient: boolean;
  /** Reported once: a circle of several ways has endless many places. */
  #tooDeep = false;

  /** @param lenient where what is not understood does no harm (scanners of amavisd's kind) */
  constructor(name: string, sink: SettingsSink, lenient = false) {
    this.#name = name;
    this.#sink = sink;
    this.#lenient = lenient;
  }

  convert(value: Value, origin: SourceOrigin | undefined, depth = 0): Located {
    if (this.#tooDeep) return { value: null, origin };
    if (depth > maxDepth || --this.#sink.partsLeft < 0) {
      this.#tooDeep = true;
      this.#sink.report("error", origin, `${this.#name}: references nest too deeply, or in a circle`);
      return { value: null, origin };
    }
    if (value === undefined) return { value: null, origin };
    if (typeof value === "string") {
      if (value.includes("\ufffd"))
        this.#sink.report("warning", origin, `${this.#name}: what is not UTF-8 in this text is not taken as it stands`);
      return { value, origin };
    }
    // Fifteen digits, as Perl shows its numbers: 0.1 + 0.2 is 0.3.
    if (typeof value === "number") return { value: Number.isFinite(value) ? shownNumber(value) : null, origin };
    switch (value.kind) {
      case "scalar":
        return this.convert(value.box.value, value.box.origin ?? origin, depth + 1);
      case "array":
        return this.list(value.box.items, value.box.origin ?? origin, depth);
      case "hash":
        if (value.box.file !== undefined) return { value: { file: value.box.file }, origin };
        return this.mapping([...value.box.map], value.box.origin ?? origin, depth);
      case "table":
        return this.#table(value.rows, value.origin, depth);
      case "pattern": {
        const pattern = this.#pattern(value.source, value.flags, value.origin);
        if (pattern !== undefined) return { value: { regexp: [pattern] }, origin: value.origin };
        // A scanner's pattern for its own answers: kept as it is, nothing here matches with it.
        return { value: this.#lenient ? { perl: `(?^${value.flags}:${value.source})` } : null, origin: value.origin };
      }
      case "code":
        return { value: `&${value.name}`, origin: value.origin };
      case "opaque":
        return this.convert(value.value, origin, depth + 1);
      case "unknown":
        this.#sink.report(
          this.#lenient ? "warning" : "error",
          value.origin,
          `${this.#name}: part of its value is not known, it would come from ${value.what}; write it out`,
        );
        // A scanner's arguments have their places, so there a gap stays; elsewhere what is not known is left out.
        return { value: this.#lenient ? null : undefined, origin: value.origin };
    }
  }

  list(items: readonly ScalarBox[], origin: SourceOrigin | undefined, depth = 0): Located {
    return this.#collect(
      items.map((item) => this.convert(item.value, item.origin ?? origin, depth + 1)),
      origin,
    );
  }

  /**
   * The tables of a lookup map. A table that is empty, or a reference to something undefined, matches nothing and is
   * left out: it is how amavisd's old variables stand in their maps.
   */
  map(items: readonly ScalarBox[], origin: SourceOrigin | undefined): Located {
    const tables = items.filter(({ value }) => !matchesNothing(value));
    return this.list(tables, origin);
  }

  mapping(entries: readonly (readonly [string, ScalarBox])[], origin: SourceOrigin | undefined, depth = 0): Located {
    const members = new Map<string | number, Located>();
    const plain: Record<string, unknown> = {};
    for (const [key, box] of entries) {
      const member = this.convert(box.value, box.origin ?? origin, depth + 1);
      if (member.value === undefined) continue;
      members.set(key, { ...member, origin: box.origin ?? member.origin });
      // A key such as "__proto__" is a key like any other.
      Object.defineProperty(plain, key, { value: member.value, enumerable: true, writable: true, configurable: true });
    }
    return { value: plain, origin, members };
  }

  #collect(all: readonly Located[], origin: SourceOrigin | undefined): Located {
    const items = all.filter(({ value }) => value !== undefined);
    return { value: items.map(({ value }) => value), origin, members: new Map(items.entries()) };
  }

  #table(rows: readonly Item[], origin: SourceOrigin, depth: number): Located {
    const kept: Located[] = [];
    for (const row of rows) {
      const pair = typeof row.value === "object" && row.value.kind === "array" ? row.value.box.items : undefined;
      const pattern = this.#rowPattern(pair === undefined ? row.value : pair[0]?.value, row.origin);
      if (pattern === undefined) continue;
      const result = pair?.[1];
      if (result === undefined) kept.push({ value: pattern, origin: row.origin });
      else {
        const value = this.convert(result.value, result.origin ?? row.origin, depth + 1);
        if (value.value === undefined) continue;
        kept.push({ value: [pattern, value.value], origin: row.origin, members: new Map([[1, value]]) });
      }
    }
    const list = this.#collect(kept, origin);
    return { value: { regexp: list.value }, origin, members: new Map([["regexp", list]]) };
  }

  #rowPattern(value: Value, origin: SourceOrigin): string | undefined {
    if (typeof value === "object" && value.kind === "pattern")
      return this.#pattern(value.source, value.flags, value.origin);
    if (typeof value === "string") return this.#pattern(value, "", origin);
    if (isUnknown(value))
      this.#sink.report(
        "error",
        value.origin,
        `${this.#name}: a pattern is not known, it would come from ${value.what}`,
      );
    else this.#sink.report("error", origin, `${this.#name}: expected a pattern here`);
    return undefined;
  }

  #pattern(source: string, flags: string, origin: SourceOrigin): string | undefined {
    if (source.includes("\ufffd")) return this.#refuse(source, "it is not UTF-8", origin);
    const translated = this.#sink.patterns.translate(source, flags);
    return "fault" in translated ? this.#refuse(source, translated.fault, origin) : translated.pattern;
  }

  #refuse(source: string, fault: string, origin: SourceOrigin): undefined {
    if (this.#lenient) return undefined;
    const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source;
    this.#sink.report(
      "error",
      origin,
      `${this.#name}: the pattern ${shown} is not taken: ${fault}; what it matches, it no longer does`,
    );
    return undefined;
  }
}

function matchesNothing(value: Value, depth = 0): boolean {
  if (typeof value !== "object" || depth > maxDepth) return false;
  if (value.kind === "scalar") return value.box.value === undefined || matchesNothing(value.box.value, depth + 1);
  if (value.kind === "array") return value.box.items.length === 0;
  return value.kind === "hash" && value.box.map.size === 0 && value.box.file === undefined;
}

function shownNumber(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(15));
}
