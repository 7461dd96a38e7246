// Perl's functions on texts.
import { type Call, listed, unknowable } from "./builtin.ts";
import { perMatch } from "./operations.ts";
import { operate } from "./operators.ts";
import type { Perl } from "./perl.ts";
import { splitText } from "./perl-match.ts";
import type { SourceOrigin } from "./source-text.ts";
import { type Item, isUnknown, numberOf, numberText, textOf, type Value } from "./values.ts";

/** chomp and chop change their argument in place. */
export function cutEnd(perl: Perl, call: Call, end: RegExp): Value {
  const [first] = call.args;
  if (first === undefined) return 0;
  const text = perl.text(first);
  const target = first.kind === "assignment" ? first.target : first;
  if (text === undefined) return 0;
  // The assignment inside chomp($x = …) was made when its text was asked for.
  perl.scalar({
    kind: "assignment",
    at: target.at,
    operator: "=",
    target: target.kind === "declaration" ? target.target : target,
    value: { kind: "string", at: first.at, value: text.replace(end, "") },
  });
  return 1;
}

export function join(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const [separator, ...items] = listed(perl, call);
  let joined: Value = "";
  for (const [index, item] of items.entries()) {
    if (index > 0) joined = operate(".", joined, separator?.value)?.value;
    joined = operate(".", joined, item.value)?.value;
  }
  return [{ value: joined, origin }];
}

/** split: by blanks, by nothing, or by a pattern. Empty parts at the end are dropped unless there is a limit. */
export function split(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const [pattern, subject, most] = call.args;
  const separator =
    pattern === undefined
      ? " "
      : pattern.kind === "regexp"
        ? perl.scalar({ ...pattern, asks: false })
        : perl.scalar(pattern);
  const text = textOf(subject === undefined ? perl.variables.scalar("_").value : perl.scalar(subject));
  if (typeof text !== "string") return [{ value: text, origin }];
  perl.step((4 * text.length) / perMatch);
  const limit = most === undefined ? 0 : numberOf(perl.scalar(most));
  if (typeof limit !== "number") return [{ value: limit, origin }];
  const blanks: Value = { kind: "pattern", source: "\\s+", flags: "", origin };
  const parts = separator === " " ? splitText(blanks, text.trimStart(), limit) : splitText(separator, text, limit);
  if ("fault" in parts) return unknowable(perl, call, origin, `a split (${parts.fault})`);
  while (limit === 0 && parts.length > 0 && parts.at(-1) === "") parts.pop();
  return parts.map((value) => ({ value, origin }));
}

/** index and rindex: where a text stands in another, -1 where it does not. */
export function position(items: Item[], which: "first" | "last"): Value {
  const [text, wanted] = [textOf(items[0]?.value), textOf(items[1]?.value)];
  if (typeof text !== "string") return text;
  if (typeof wanted !== "string") return wanted;
  const start = items[2] === undefined ? undefined : numberOf(items[2].value);
  if (isUnknown(start)) return start;
  return which === "first" ? text.indexOf(wanted, start) : text.lastIndexOf(wanted, start);
}

/** substr with a place and perhaps a length; negative ones count from the end. */
export function part(items: Item[]): Value {
  const text = textOf(items[0]?.value);
  const [from, length] = [numberOf(items[1]?.value), items[2] === undefined ? undefined : numberOf(items[2].value)];
  if (typeof text !== "string") return text;
  if (isUnknown(from)) return from;
  if (isUnknown(length)) return length;
  const start = from < 0 ? Math.max(0, text.length + from) : from;
  if (length === undefined) return text.slice(start);
  return text.slice(start, length < 0 ? length : start + length);
}

/** %s %d %i %u %f %e %g %x %X %o %c %%, with width and precision; undefined for a format with anything else. */
export function sprintf(items: Item[]): Value {
  const format = textOf(items[0]?.value);
  if (typeof format !== "string") return format;
  let next = 1;
  let unknown: Value;
  let others = false;
  const text = format.replace(
    /%(?:(-?0?\d{0,3})(?:\.(\d{1,2}))?([sdiufeEgxXoc%]))?/g,
    (whole, width = "", precision: string | undefined, letter: string | undefined) => {
      if (letter === "%") return "%";
      if (letter === undefined) {
        others = true;
        return whole;
      }
      const { value } = items[next++] ?? { value: undefined };
      if (isUnknown(value)) unknown = value;
      const number = numberOf(value);
      let shown =
        letter === "s"
          ? String(textOf(value))
          : (inBase(Math.trunc(Number(number)), letter) ?? numberText(Math.trunc(Number(number))));
      if (letter === "g") shown = String(Number(Number(number).toPrecision(Number(precision ?? 6) || 1)));
      if (letter === "e" || letter === "E") {
        shown = Number(number)
          .toExponential(Number(precision ?? 6))
          .replace(/e([+-])(\d)$/, "e$10$2");
        if (letter === "E") shown = shown.toUpperCase();
      }
      if (letter === "f") shown = Number(number).toFixed(precision === undefined ? 6 : Number(precision));
      const wide = Math.abs(Number.parseInt(width, 10) || 0);
      if (whole.length > 12) return shown;
      return width.startsWith("-") ? shown.padEnd(wide) : shown.padStart(wide, width.startsWith("0") ? "0" : " ");
    },
  );
  return others ? undefined : (unknown ?? text);
}

function inBase(number: number, letter: string): string | undefined {
  if (letter === "x") return number.toString(16);
  if (letter === "X") return number.toString(16).toUpperCase();
  if (letter === "o") return number.toString(8);
  return letter === "c" && number >= 0 && number <= 0x10ffff ? String.fromCodePoint(number) : undefined;
}
