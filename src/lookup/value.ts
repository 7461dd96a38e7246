// What a map's values are allowed to be: amavisd's loose Perl values, brought to one type when the map is compiled.
import type { TablePath } from "./table.ts";

export interface ValueType<V> {
  /** For messages: "a number". */
  readonly expected: string;
  /** The value, or undefined when it is none of this type. An access list asks for 1 and 0. */
  read(raw: unknown, path: TablePath): V | undefined;
  /** The value of a line of a table file that `read` does not take; without it there is none. */
  readLine?(text: string): V | undefined;
  /** What is wrong with a value of the right type, such as a name that nothing bears. */
  fault?(value: V): string | undefined;
}

const truths = new Set(["1", "true", "yes", "on"]);
const lies = new Set(["", "0", "false", "no", "off"]);

export const booleanValue: ValueType<boolean> = {
  expected: "true or false",
  read(raw) {
    if (typeof raw === "boolean") return raw;
    if (typeof raw === "number") return raw !== 0;
    if (typeof raw !== "string") return undefined;
    const word = raw.trim().toLowerCase();
    if (/^\d{1,15}(?:\.\d{0,15})?$/.test(word)) return Number(word) !== 0;
    return truths.has(word) ? true : lies.has(word) ? false : undefined;
  },
  // Postfix's tables, which amavisd shares, say OK, RELAY or whatever: being listed counts. More words are no value.
  readLine: (text) => (/^\S+$/.test(text) ? true : undefined),
};

export const numberValue: ValueType<number> = {
  expected: "a number",
  read(raw) {
    if (typeof raw === "number") return Number.isFinite(raw) ? raw : undefined;
    if (typeof raw === "boolean") return raw ? 1 : 0;
    return typeof raw === "string" && /^\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*$/.test(raw) ? Number(raw) : undefined;
  },
};

export const textValue: ValueType<string> = {
  expected: "text",
  read(raw) {
    if (typeof raw === "string") return raw;
    if (typeof raw === "number") return String(raw);
    return typeof raw === "boolean" ? (raw ? "1" : "") : undefined;
  },
};

/** One text or several: a location, a method with its fall-backs. */
export const textListValue: ValueType<readonly string[]> = {
  expected: "text or a list of texts",
  read(raw, path) {
    if (!Array.isArray(raw)) {
      const text = textValue.read(raw, path);
      return text === undefined ? undefined : [text];
    }
    const texts = raw.map((item: unknown) => textValue.read(item, path));
    return texts.every((text) => text !== undefined) ? texts : undefined;
  },
};

/** Any value that JSON has, for a caller that knows what to make of it. */
export const anyValue: ValueType<unknown> = { expected: "a value", read: (raw) => raw };

export type Options = Readonly<Record<string, unknown>>;

/** A mapping of options, or a list of such mappings; always given as a list. */
export const optionsValue: ValueType<readonly Options[]> = {
  expected: "a mapping of options, or a list of them",
  read(raw) {
    const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
    return list.every(isMapping) ? list : undefined;
  },
};

/** Names in a comma list, white space ignored; `whenTrue` stands for the value 1. */
export function nameListValue(whenTrue: string): ValueType<readonly string[]> {
  return {
    expected: "names separated by commas, or 1",
    read(raw) {
      if (raw === 1 || raw === true || raw === "1") return [whenTrue];
      if (raw === 0 || raw === false || raw === "0") return [];
      if (typeof raw !== "string") return undefined;
      return raw
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
    },
  };
}

export function isMapping(raw: unknown): raw is Options {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}
