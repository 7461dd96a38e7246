// amavisd's own functions: keys, tables from files, other configuration files.
import { argument, type Call, listed } from "./builtin.ts";
import type { Perl } from "./perl.ts";
import { placeOf, type SourceOrigin } from "./source-text.ts";
import { readArrayFile, readCidrFile, readHashFile } from "./table-files.ts";
import { createHash, type Item, textOf, type Value } from "./values.ts";
import { touchHash } from "./variables.ts";

export function declareKey(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  perl.host.declareKey(listed(perl, call), origin);
  return [{ value: 1, origin }];
}

interface FileArgument {
  readonly target: Value;
  readonly name: string;
}

/** The arguments of the read_… functions: a reference that may be left out, and a file name. */
function fileArgument(items: readonly Item[]): FileArgument | undefined {
  const hasTarget = typeof items[0]?.value === "object";
  const name = items[hasTarget ? 1 : 0]?.value;
  return typeof name === "string" ? { target: hasTarget ? items[0]?.value : undefined, name } : undefined;
}

function readNamed(perl: Perl, call: Call, name: string | undefined, origin: SourceOrigin): string | undefined {
  if (name === undefined) {
    perl.report("error", origin, `${call.name}: the name of the file is not known`);
    return undefined;
  }
  const found = perl.host.readFile(name);
  if ("text" in found) return found.text;
  perl.report("error", origin, `${call.name}: cannot read ${name}: ${found.fault}`);
  return undefined;
}

export function readHash(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const argument = fileArgument(listed(perl, call));
  const text = readNamed(perl, call, argument?.name, origin);
  const box =
    typeof argument?.target === "object" && argument.target.kind === "hash" ? argument.target.box : createHash(origin);
  const wasEmpty = box.map.size === 0;
  if (text !== undefined) {
    for (const [key, value] of readHashFile(text)) box.map.set(key, { value, origin });
  }
  touchHash(box, origin);
  if (wasEmpty && argument !== undefined) box.file = argument.name;
  return [{ value: { kind: "hash", box }, origin }];
}

export function readArray(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const argument = fileArgument(listed(perl, call));
  const text = readNamed(perl, call, argument?.name, origin);
  const given =
    typeof argument?.target === "object" && argument.target.kind === "array" ? argument.target.box : undefined;
  const box = given ?? { items: [], origin };
  for (const value of readArrayFile(text ?? "")) box.items.push({ value, origin });
  box.origin = origin;
  return [{ value: { kind: "array", box }, origin }];
}

/** read_cidr(file, [] or {}): into a list of networks, or a hash by network. */
export function readCidr(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const items = listed(perl, call);
  const name = items[0]?.value;
  const into = items[1]?.value;
  const rows = readCidrFile(readNamed(perl, call, typeof name === "string" ? name : undefined, origin) ?? "");
  if (typeof into === "object" && into.kind === "hash") {
    for (const [network, value] of rows) into.box.map.set(network.toLowerCase(), { value, origin });
    touchHash(into.box, origin);
    return [{ value: into, origin }];
  }
  const box = typeof into === "object" && into.kind === "array" ? into.box : { items: [], origin };
  for (const [network] of rows) box.items.push({ value: network, origin });
  box.origin = origin;
  return [{ value: { kind: "array", box }, origin }];
}

export function readText(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const name = textOf(listed(perl, call)[0]?.value);
  return [{ value: readNamed(perl, call, typeof name === "string" ? name : undefined, origin), origin }];
}

export function include(perl: Perl, items: readonly Item[], origin: SourceOrigin, optional: boolean): Item[] {
  for (const item of items) {
    if (typeof item.value === "string") perl.host.include(item.value, origin, optional);
    else perl.report("error", origin, "the name of the file to include is not known");
  }
  return [{ value: 1, origin }];
}

/** require with a module is nothing to us, with a file it includes. */
export function requireFile(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const [target] = call.args;
  if (target === undefined || target.kind === "number") return [{ value: 1, origin }];
  if (target.kind === "call" && target.bare === true) return [{ value: 1, origin }];
  return include(perl, listed(perl, call), origin, false);
}

export function stop(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const text = textOf(listed(perl, call)[0]?.value);
  const { line } = placeOf(origin);
  perl.report(
    "error",
    origin,
    `the configuration itself stops at line ${line}: ${typeof text === "string" ? text.trim().slice(0, 200) : call.name}`,
  );
  return [{ value: undefined, origin }];
}

export function fileTest(perl: Perl, call: Call, origin: SourceOrigin, test: (name: string) => boolean): Item[] {
  const name = textOf(argument(perl, call));
  return [{ value: typeof name === "string" ? (test(name) ? 1 : "") : name, origin }];
}
