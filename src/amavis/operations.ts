// Rows of operators, texts with variables in them, matches and ranges.

import { complement, operate, perlTruth, TooMuch } from "./operators.ts";
import type { Perl } from "./perl.ts";
import { matchPattern, replaceMatches } from "./perl-match.ts";
import { lvalue } from "./places.ts";
import type { SourceOrigin } from "./source-text.ts";
import type { Expression } from "./syntax.ts";
import { type Item, isUnknown, isUnknownTruth, maxElements, numberOf, textOf, truth, type Value } from "./values.ts";

export function joined(perl: Perl, parts: readonly Expression[]): Value {
  let joined: Value = "";
  for (const part of parts) {
    const value: Value =
      (part.kind === "variable" || part.kind === "dereference" || part.kind === "slice") &&
      "sigil" in part &&
      part.sigil === "@"
        ? embeddedArray(perl, part)
        : part.kind === "slice"
          ? spaced(perl.list(part))
          : perl.scalar(part);
    joined = operate(".", joined, value)?.value;
  }
  return joined;
}

function embeddedArray(perl: Perl, part: Expression & { kind: "variable" | "dereference" }): Value {
  if (part.kind === "variable" && !perl.variables.isLexical("@", part.name) && !perl.variables.arrays.has(part.name)) {
    perl.report(
      "error",
      perl.origin(part),
      `"@${part.name}" in double quotes is an array in Perl; write \\@${part.name}`,
    );
    return `@${part.name}`;
  }
  return spaced(perl.list(part));
}

function spaced(items: Item[]): Value {
  let joined: Value = "";
  for (const [index, item] of items.entries()) {
    joined = operate(".", joined, index === 0 ? "" : " ")?.value;
    joined = operate(".", joined, item.value)?.value;
  }
  return joined;
}

export function regexp(perl: Perl, node: Expression & { kind: "regexp" }): Value {
  const source = joined(perl, node.parts);
  if (typeof source !== "string") return source;
  // In the order in which Perl prints them; the others do not change what matches.
  const flags = [..."msixn"].filter((flag) => node.flags.includes(flag)).join("");
  const pattern: Value = { kind: "pattern", source, flags, origin: perl.origin(node) };
  return node.asks ? matched(match(perl, perl.variables.scalar("_").value, pattern, node)) : pattern;
}

/** Whether a match was found, where one value is asked for: what its groups hold does not count. */
function matched(found: readonly Item[], node?: Expression & { kind: "chain" }): Value {
  const [link] = node?.rest ?? [];
  const first = found[0]?.value;
  if (isUnknown(first)) return first;
  // A substitution gives how many it replaced, and !~ the opposite of a match.
  if (link !== undefined && (link.operator === "!~" || link.right.kind === "substitution")) return first ?? "";
  return perlTruth(found.length > 0);
}

/** Characters that RE2 goes through in the time of one step. */
export const perMatch = 10;

/** The captures of a match (or 1), nothing if there is none; unknown where RE2 cannot decide. */
function match(perl: Perl, subject: Value, pattern: Value, node: { readonly at: number }, everywhere = false): Item[] {
  const origin = perl.origin(node);
  const text = textOf(subject);
  if (typeof text !== "string") return [{ value: text, origin }];
  if (isUnknown(pattern)) return [{ value: pattern, origin }];
  perl.step(text.length / perMatch);
  const found = matchPattern(pattern, text);
  if ("fault" in found) {
    perl.report("warning", origin, `not taken: a match (${found.fault}); whether it matches is not known`);
    return [{ value: perl.unknown(node, "a match"), origin }];
  }
  if (found.groups === undefined) return [];
  if (everywhere) return allMatches(perl, pattern, text, origin);
  for (const [index, group] of found.groups.entries()) perl.variables.scalar(String(index + 1)).value = group;
  return found.groups.length === 0 ? [{ value: 1, origin }] : found.groups.map((value) => ({ value, origin }));
}

/** m/…/g as a list: what the groups hold of every match, or the matches where there are no groups. */
function allMatches(perl: Perl, pattern: Value, text: string, origin: SourceOrigin): Item[] {
  const items: Item[] = [];
  replaceMatches(pattern, text, true, (groups, whole) => {
    perl.step();
    for (const value of groups.length === 0 ? [whole] : groups) items.push({ value, origin });
    return whole;
  });
  return items;
}

/** s/…/…/: the target gets the text that comes of it; its value is how many matches were replaced. */
export function substitute(perl: Perl, target: Expression, node: Expression & { kind: "substitution" }): Value {
  const box = lvalue(perl, target);
  if (box === undefined) return perl.unknown(node, "a substitution");
  const text = textOf(box.value);
  const give = (value: Value) => Object.assign(box, { value, origin: perl.origin(node) });
  if (typeof text !== "string") return give(text).value;
  perl.step(text.length / perMatch);
  let replaced = 0;
  const result = replaceMatches(regexp(perl, node.pattern), text, node.flags.includes("g"), (groups) => {
    replaced++;
    perl.step();
    for (const [index, group] of groups.entries()) perl.variables.scalar(String(index + 1)).value = group;
    const part = joined(perl, node.replacement);
    return typeof part === "string" ? part : undefined;
  });
  if (typeof result === "string") {
    give(result);
    return replaced;
  }
  perl.report("warning", perl.origin(node), `not taken: a substitution (${result.fault}); what it gives is not known`);
  return give(perl.unknown(node, "a substitution")).value;
}

export function unary(perl: Perl, node: Expression & { kind: "unary" }): Value {
  if (node.operator === "!") {
    const held = perl.truth(node.operand);
    return isUnknownTruth(held) ? held : perlTruth(!held);
  }
  if (node.operator === "->") return perl.scalar(node.operand);
  if (node.operator.endsWith("++") || node.operator.endsWith("--")) return step(perl, node);
  if (
    node.operand.kind === "call" &&
    node.operator === "-" &&
    node.operand.bare === true &&
    !/^(?:D|CC)_/.test(node.operand.name)
  ) {
    return `-${node.operand.name}`;
  }
  const value = perl.scalar(node.operand);
  if (isUnknown(value)) return value;
  // The minus of a word is a minus in front of it: -foo is "-foo".
  if (node.operator === "-" && typeof value === "string" && /^[A-Za-z_]/.test(value)) return `-${value}`;
  const number = numberOf(value);
  if (typeof number !== "number") return number;
  return node.operator === "-" ? 0 - number : complement(number);
}

/** `++` and `--`: behind its operand the value is what was there before (0 for nothing). */
function step(perl: Perl, node: Expression & { kind: "unary" }): Value {
  const box = lvalue(perl, node.operand);
  if (box === undefined) return undefined;
  const { value } = box;
  const up = node.operator.endsWith("++");
  box.value =
    up && typeof value === "string" && /^[A-Za-z]+[0-9]*$/.test(value)
      ? nextWord(value)
      : operate(up ? "+" : "-", value, 1)?.value;
  box.origin = perl.origin(node);
  return node.operator.startsWith("postfix") ? (value ?? 0) : box.value;
}

export function chain(perl: Perl, node: Expression & { kind: "chain" }): Value {
  const first = node.rest[0]?.operator;
  if (first === "=~" || first === "!~") return matched(listChain(perl, node) ?? [], node);
  let value = perl.scalar(node.first);
  for (const { operator, right, at } of node.rest) {
    switch (operator) {
      case "||":
      case "or":
      case "&&":
      case "and": {
        const held = truth(value);
        if (isUnknownTruth(held)) return held;
        if (held === (operator === "&&" || operator === "and")) value = perl.scalar(right);
        break;
      }
      case "//":
        if (value === undefined) value = perl.scalar(right);
        break;
      case "xor": {
        const left = truth(value);
        const other = perl.truth(right);
        if (isUnknownTruth(left) || isUnknownTruth(other)) return perl.unknown({ at }, "a condition");
        value = perlTruth(left !== other);
        break;
      }
      default: {
        if ((operator === "/" || operator === "%") && numberOf(perl.scalar(right)) === 0) {
          perl.report("error", perl.origin({ at }), "division by zero");
          return perl.unknown({ at }, "a division by zero");
        }
        const result = operate(operator, value, perl.scalar(right));
        if (result === undefined) {
          perl.report("warning", perl.origin({ at }), `not taken: the operator "${operator}" here`);
          return perl.unknown({ at }, `the operator "${operator}"`);
        }
        value = result.value;
      }
    }
  }
  return value;
}

/** Chains that give lists: ranges, repeated lists, matches, and lists behind `||` or `or`. */
export function listChain(perl: Perl, node: Expression & { kind: "chain" }): Item[] | undefined {
  const [link] = node.rest;
  if (link === undefined) return undefined;
  const origin = perl.origin(node);
  if (link.operator === ".." || link.operator === "...")
    return range(perl.scalar(node.first), perl.scalar(link.right), origin);
  if (link.operator === "x" && (node.first.kind === "list" || node.first.kind === "words")) {
    const items = perl.list(node.first);
    const times = numberOf(perl.scalar(link.right));
    if (typeof times !== "number") return [{ value: times, origin }];
    if (items.length * times > maxElements) throw new TooMuch(`a list of more than ${maxElements} elements`);
    return Array.from({ length: Math.max(0, Math.trunc(times)) }, () => items).flat();
  }
  if (link.operator === "=~" || link.operator === "!~") {
    if (link.right.kind === "beyond") {
      perl.beyond(link.right);
      const box = lvalue(perl, node.first);
      if (box !== undefined) Object.assign(box, { value: perl.unknown(link.right, link.right.what), origin });
      return [];
    }
    if (link.right.kind === "substitution" && link.operator === "=~")
      return [{ value: substitute(perl, node.first, link.right), origin }];
    const pattern =
      link.right.kind === "regexp" ? perl.scalar({ ...link.right, asks: false }) : perl.scalar(link.right);
    const everywhere = link.right.kind === "regexp" && link.right.flags.includes("g");
    const found = match(perl, perl.scalar(node.first), pattern, link, everywhere);
    if (link.operator === "=~" || isUnknown(found[0]?.value)) return found;
    return [{ value: perlTruth(found.length === 0), origin }];
  }
  if (link.operator === "or" || link.operator === "and" || link.operator === "||") {
    // The last operand decides what is given: keep its list.
    const held = perl.truth(node.first);
    if (node.rest.length === 1 && !isUnknownTruth(held) && held === (link.operator === "and"))
      return perl.list(link.right);
  }
  return undefined;
}

/** 'aa' .. 'ad', 'a8' .. 'b2': counted as Perl's ++ counts words, up to the length of the last. */
function wordRange(from: string, to: Value, origin: SourceOrigin): Item[] {
  const last = String(textOf(to));
  const words: Item[] = [];
  for (let word = from; word.length <= last.length; word = nextWord(word)) {
    words.push({ value: word, origin });
    if (word === last) break;
    if (words.length > maxElements) throw new TooMuch(`a range of more than ${maxElements} words`);
  }
  return words;
}

function nextWord(word: string): string {
  const kept = word.replace(/(?:[zZ9])+$/, "");
  const wrapped = [...word.slice(kept.length)].map((letter) => (letter === "9" ? "0" : letter === "z" ? "a" : "A"));
  const letter = kept.at(-1);
  if (letter !== undefined)
    return `${kept.slice(0, -1)}${String.fromCharCode(letter.charCodeAt(0) + 1)}${wrapped.join("")}`;
  const [first = ""] = wrapped;
  return `${first === "0" ? "1" : first}${wrapped.join("")}`;
}

function range(from: Value, to: Value, origin: SourceOrigin): Item[] {
  if (isUnknown(from) || isUnknown(to)) return [{ value: isUnknown(from) ? from : to, origin }];
  const first = numberOf(from);
  const last = numberOf(to);
  if (typeof from === "string" && typeof to === "string" && /^[a-z]$/i.test(from) && /^[a-z]$/i.test(to)) {
    const letters: Item[] = [];
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++)
      letters.push({ value: String.fromCharCode(code), origin });
    return letters;
  }
  if (typeof first !== "number" || typeof last !== "number") return [];
  if (typeof from === "string" && /^(?:[a-z]+[0-9]*|0[0-9]+)$/i.test(from)) return wordRange(from, to, origin);
  if (last - first > maxElements) throw new TooMuch(`a range of more than ${maxElements} numbers`);
  const numbers: Item[] = [];
  for (let number = Math.trunc(first); number <= Math.trunc(last); number++) numbers.push({ value: number, origin });
  return numbers;
}
