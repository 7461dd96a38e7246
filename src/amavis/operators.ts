// Perl's binary operators on values: pure. What cannot be known stays unknown through every operation.
import { isUnknown, numberOf, textOf, type Value } from "./values.ts";

/** The longest text a configuration may build; `x` and `.=` can double without end. */
export const maxText = 4 << 20;

/** Too much of something: ends the reading with an error. */
export class TooMuch extends Error {}

type Numeric = (left: number, right: number) => number | boolean;
type Textual = (left: string, right: string) => string | number | boolean;

const numeric: Readonly<Record<string, Numeric>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => {
    // Perl's modulus takes the sign of the right side and whole numbers only.
    const divisor = Math.trunc(right);
    const rest = Math.trunc(left) % divisor;
    return rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest;
  },
  "**": (left, right) => left ** right,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  ">": (left, right) => left > right,
  "<=": (left, right) => left <= right,
  ">=": (left, right) => left >= right,
  "<=>": (left, right) => Math.sign(left - right),
  "<<": (left, right) => left * 2 ** right,
  ">>": (left, right) => Math.floor(left / 2 ** right),
  "|": (left, right) => Number(bits(left) | bits(right)),
  "&": (left, right) => Number(bits(left) & bits(right)),
  "^": (left, right) => Number(bits(left) ^ bits(right)),
};

/** What `~` gives, 64 bits in Perl: below nothing, where a mask keeps all its bits; of 0, the largest number. */
export function complement(number: number): number {
  return Math.trunc(number) === 0 ? 2 ** 64 : -1 - Math.trunc(number);
}

function bits(number: number): bigint {
  return number >= 2 ** 64 ? 0xffff_ffff_ffff_ffffn : BigInt(Math.trunc(number));
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
const textual: Readonly<Record<string, Textual>> = {
  ".": (left, right) => bounded(left.length + right.length, () => left + right),
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  lt: (left, right) => left < right,
  gt: (left, right) => left > right,
  le: (left, right) => left <= right,
  ge: (left, right) => left >= right,
  cmp: compare,
};

export function bounded(length: number, make: () => string): string {
  if (!(length <= maxText)) throw new TooMuch(`a text longer than ${maxText} characters`);
  return make();
}

/** The operator on two values; undefined if it is none of these. */
export function operate(operator: string, left: Value, right: Value): { value: Value } | undefined {
  if (isUnknown(left)) return { value: left };
  if (isUnknown(right)) return { value: right };
  if (operator === "x") {
    const text = textOf(left);
    const times = numberOf(right);
    if (typeof text !== "string" || typeof times !== "number") return undefined;
    const count = Math.max(0, Math.trunc(times));
    return { value: bounded(text.length * count, () => text.repeat(count)) };
  }
  const onTexts = Object.hasOwn(textual, operator) ? textual[operator] : undefined;
  if (onTexts !== undefined) {
    const from = textOf(left);
    const to = textOf(right);
    if (typeof from !== "string") return { value: from };
    if (typeof to !== "string") return { value: to };
    return { value: perlTruth(onTexts(from, to)) };
  }
  const onNumbers = Object.hasOwn(numeric, operator) ? numeric[operator] : undefined;
  if (onNumbers === undefined) return undefined;
  const from = numberOf(left);
  const to = numberOf(right);
  if (typeof from !== "number") return { value: from };
  if (typeof to !== "number") return { value: to };
  if ("|&^".includes(operator) && !(Number.isFinite(from) && Number.isFinite(to))) return { value: 0 };
  return { value: perlTruth(onNumbers(from, to)) };
}

export function perlTruth(value: string | number | boolean): string | number {
  return typeof value === "boolean" ? (value ? 1 : "") : value;
}
