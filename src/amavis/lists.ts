// References, slices, map and grep, methods, and the few commands that have an answer without being run.
import { newHash } from "./assignment.ts";
import { callFunction } from "./functions.ts";
import { TooMuch } from "./operators.ts";
import type { Perl } from "./perl.ts";
import { arrayBox, hashBox, lvalue, stepInto } from "./places.ts";
import type { Expression } from "./syntax.ts";
import {
  type HashBox,
  type Item,
  isUnknown,
  isUnknownTruth,
  maxElements,
  numberOf,
  type ScalarBox,
  textOf,
  type Value,
} from "./values.ts";

export function reference(perl: Perl, node: Expression & { kind: "reference" }): Value {
  const { target } = node;
  if (target.kind === "call") {
    return { kind: "code", name: target.name.replace(/^.*::/, ""), origin: perl.origin(node) };
  }
  if (target.kind === "variable" || target.kind === "dereference") {
    if (target.sigil === "@") {
      const box = arrayBox(perl, target, true);
      return box === undefined ? perl.unknown(node, "a reference") : { kind: "array", box };
    }
    if (target.sigil === "%") {
      const box = hashBox(perl, target, true);
      return box === undefined ? perl.unknown(node, "a reference") : { kind: "hash", box };
    }
  }
  const box = isPlace(target) ? lvalue(perl, target) : undefined;
  return { kind: "scalar", box: box ?? { value: perl.scalar(target), origin: perl.origin(target) } };
}

function isPlace(node: Expression): boolean {
  return (
    node.kind === "variable" || node.kind === "dereference" || node.kind === "element" || node.kind === "declaration"
  );
}

export function slice(perl: Perl, node: Expression & { kind: "slice" }): Item[] {
  const keys = perl.list(node.step.expression);
  if (node.base.kind === "list") {
    const items = perl.list(node.base);
    return keys.flatMap((key) => {
      const index = numberOf(key.value);
      const found = typeof index === "number" ? items.at(Math.trunc(index)) : undefined;
      return found === undefined ? [] : [found];
    });
  }
  return keys.map((key) => {
    const text = textOf(key.value);
    const expression: Expression = { kind: "string", at: node.step.at, value: typeof text === "string" ? text : "" };
    return { value: stepInto(perl, node.base, { ...node.step, expression }, false)?.value, origin: key.origin };
  });
}

export function callMethod(perl: Perl, node: Expression & { kind: "method" }): Item[] {
  const origin = perl.origin(node);
  const invocant = perl.scalar(node.invocant);
  if (invocant === "Amavis::Lookup::RE" && node.name === "new") {
    return callFunction(perl, { kind: "call", at: node.at, name: "new_RE", args: node.args });
  }
  if (invocant === "Mail::DKIM::PrivateKey" && node.name === "load") {
    // load(File => "x.pem"): the file is all there is to know.
    const file = newHash(perl, origin, perl.list({ kind: "list", at: node.at, items: node.args })).map.get(
      "File",
    )?.value;
    if (typeof file === "string") return [{ value: file, origin }];
  }
  if (isUnknown(invocant)) return [{ value: invocant, origin }];
  const name = typeof invocant === "string" ? `${invocant}->${node.name}` : `->${node.name}`;
  perl.report("warning", origin, `not taken: ${name} needs Perl; what it gives is not known`);
  return [{ value: perl.unknown(node, `a call of ${name}`), origin }];
}

export function each(perl: Perl, node: Expression & { kind: "each" }): Item[] {
  const items = perl.list(node.list);
  if (node.name === "sort") {
    if (node.body !== undefined) return sortBy(perl, node, node.body, items);
    const texts = items.map((item) => ({ item, text: textOf(item.value) }));
    return texts.sort((left, right) => (String(left.text) < String(right.text) ? -1 : 1)).map(({ item }) => item);
  }
  const given: Item[] = [];
  perl.variables.enter();
  try {
    for (const item of items) {
      perl.variables.bind("_", { value: item.value, origin: item.origin });
      if (node.body === undefined) continue;
      if (node.name === "grep") {
        const kept = perl.truth(node.body);
        if (isUnknownTruth(kept) || kept) given.push(item);
      } else {
        for (const one of perl.list(node.body)) given.push(one);
      }
      if (given.length > maxElements) throw new TooMuch(`a list of more than ${maxElements} elements`);
    }
  } finally {
    perl.variables.leave();
  }
  return given;
}

/** sort { $a <=> $b }: the rule is asked with the two items as $a and $b. */
function sortBy(perl: Perl, node: Expression, rule: Expression, items: Item[]): Item[] {
  perl.variables.enter();
  try {
    let known = true;
    const sorted = items.toSorted((left, right) => {
      perl.variables.bind("a", { value: left.value, origin: left.origin });
      perl.variables.bind("b", { value: right.value, origin: right.origin });
      const order = numberOf(perl.scalar(rule));
      if (typeof order === "number") return order;
      known = false;
      return 0;
    });
    if (!known) perl.report("warning", perl.origin(node), "not sorted: what the rule gives is not known");
    return sorted;
  } finally {
    perl.variables.leave();
  }
}

export function itemOf(perl: Perl, box: ScalarBox, node: Expression): Item {
  return { value: box.value, origin: box.origin ?? perl.origin(node) };
}

export function pairs(perl: Perl, hash: HashBox | undefined, node: Expression): Item[] {
  const items: Item[] = [];
  for (const [key, box] of hash?.map ?? []) {
    const value = itemOf(perl, box, node);
    items.push({ value: key, origin: value.origin }, value);
  }
  return items;
}

/** Commands are never run; the few that Debian's files use have an answer of our own. */
export function command(perl: Perl, node: Expression & { kind: "beyond" }): Value {
  const words = node.text.trim().replace(/\s+/g, " ");
  const origin = perl.origin(node);
  if (/^(\/bin\/|\/usr\/bin\/)?(hostname( -f| --fqdn| --long)?|uname -n)$/.test(words)) {
    perl.report("note", origin, `\`${words}\` is not run: taken as this host's name, ${perl.host.hostname}`);
    return `${perl.host.hostname}\n`;
  }
  const file = /^(?:\/bin\/|\/usr\/bin\/)?(?:cat|head -(?:n ?)?1) (\/[\w./-]{1,200})$/.exec(words)?.[1];
  if (file === undefined) {
    perl.report("warning", origin, `not run: the command \`${words.slice(0, 60)}\`; what it prints is not known`);
    return perl.unknown(node, "the output of a command");
  }
  const found = perl.host.readFile(file);
  if ("fault" in found) {
    perl.report("warning", origin, `\`${words}\` is not run, and ${file} cannot be read: ${found.fault}`);
    return perl.unknown(node, `the file ${file}`);
  }
  perl.report("note", origin, `\`${words}\` is not run: ${file} is read instead`);
  return words.includes("cat ") ? found.text : `${found.text.split("\n", 1)[0]}\n`;
}
