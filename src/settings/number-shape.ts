// Shapes of values that are numbers: with bounds, durations, sizes, file permissions.
import type { Shape } from "./shape.ts";

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
