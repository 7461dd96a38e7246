// The functions that configurations call: Perl's own on texts and lists, and amavisd's (new_RE, read_hash, dkim_key).
import type { Evaluator } from "./evaluate.ts";
import { operate, TooMuch } from "./operators.ts";
import { splitText } from "./perl-match.ts";
import { type Origin, placeOf } from "./source-text.ts";
import type { Expression } from "./syntax.ts";
import { readArrayFile, readCidrFile, readHashFile } from "./table-files.ts";
import { createHash, type Item, isUnknown, numberOf, numberText, textOf, truth, type Value } from "./values.ts";
import { touchHash } from "./variables.ts";

type Call = Expression & { kind: "call" };

/** A function as the evaluator calls it. */
type Builtin = (perl: Evaluator, call: Call, origin: Origin) => Item[];

/** amavisd's constants. */
export const constants: Readonly<Record<string, number>> = {
  D_TEMPFAIL: -4,
  D_REJECT: -3,
  D_BOUNCE: -2,
  D_DISCARD: 0,
  D_PASS: 1,
  CC_CATCHALL: 0,
  CC_CLEAN: 1,
  CC_MTA: 2,
  CC_OVERSIZED: 3,
  CC_BADH: 4,
  CC_SPAMMY: 5,
  CC_SPAM: 6,
  CC_UNCHECKED: 7,
  CC_BANNED: 8,
  CC_VIRUS: 9,
};

/** Functions of Perl that tell something about the machine or the moment: never asked. */
const perlFunctions = new Set(
  "localtime gmtime time times rand getpwnam getpwuid getgrnam getgrgid gethostbyname getlogin getppid wantarray caller stat lstat readlink glob".split(
    " ",
  ),
);

/** Works out a call; what is not known here is reported and gives something unknown. */
export function callFunction(perl: Evaluator, call: Call): Item[] {
  const name = call.name.replace(/^(?:CORE::|main::|Amavis::Conf::|Amavis::Util::|Sys::Hostname::|POSIX::)/, "");
  const origin = perl.origin(call);
  const constant = Object.hasOwn(constants, name) ? constants[name] : undefined;
  if (constant !== undefined) return [{ value: constant, origin }];
  const builtin = builtins.get(name);
  if (builtin !== undefined) return builtin(perl, call, origin);
  if (call.bare === true && !perlFunctions.has(name)) {
    perl.host.report("error", origin, `"${call.name}" is neither quoted nor anything amavisd knows`);
    return [{ value: call.name, origin }];
  }
  perl.host.report(
    "warning",
    origin,
    `not taken: a call of ${call.name}(), which needs Perl; what it gives is not known`,
  );
  return [{ value: perl.unknown(call, `a call of ${call.name}()`), origin }];
}

/** All arguments, as one list. */
function listed(perl: Evaluator, call: Call, from = 0): Item[] {
  return perl.list({ kind: "list", at: call.at, items: call.args.slice(from) });
}

/** The first argument, or $_ without one. */
function argument(perl: Evaluator, call: Call): Value {
  const [first] = call.args;
  return first === undefined ? perl.variables.scalar("_").value : perl.scalar(first);
}

function onText(change: (text: string) => Value): Builtin {
  return (perl, call, origin) => {
    const text = textOf(argument(perl, call));
    return [{ value: typeof text === "string" ? change(text) : text, origin }];
  };
}

function onNumber(change: (number: number) => Value): Builtin {
  return (perl, call, origin) => {
    const number = numberOf(argument(perl, call));
    return [{ value: typeof number === "number" ? change(number) : number, origin }];
  };
}

/** Calls that look something up elsewhere: named, so that what uses them can be reported. */
function lookup(what: string): Builtin {
  return (perl, call, origin) => {
    listed(perl, call);
    return [{ value: perl.unknown(call, what), origin }];
  };
}

/** Changes the case of ASCII letters only, as Perl does with octets. */
const lower = (text: string) => text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
const upper = (text: string) => text.replace(/[a-z]+/g, (run) => run.toUpperCase());

const builtins = new Map<string, Builtin>([
  ["lc", onText(lower)],
  ["uc", onText(upper)],
  ["lcfirst", onText((text) => lower(text.slice(0, 1)) + text.slice(1))],
  ["ucfirst", onText((text) => upper(text.slice(0, 1)) + text.slice(1))],
  ["quotemeta", onText((text) => text.replace(/[^A-Za-z0-9_\u0080-\uffff]/g, "\\$&"))],
  ["length", onText((text) => text.length)],
  ["ord", onText((text) => text.codePointAt(0) ?? 0)],
  ["hex", onText((text) => Number.parseInt(text.replace(/^0x/i, ""), 16) || 0)],
  ["oct", onText((text) => (/^0[xb]/i.test(text) ? Number(text) || 0 : Number.parseInt(text, 8) || 0))],
  ["int", onNumber((number) => Math.trunc(number))],
  ["abs", onNumber((number) => Math.abs(number))],
  [
    "chr",
    onNumber((number) => (number >= 0 && number <= 0x10ffff ? String.fromCodePoint(Math.trunc(number)) : "\ufffd")),
  ],
  ["idn_to_ascii", onText(lower)],
  ["idn_to_utf8", onText((text) => text)],
  ["mail_idn_to_ascii", onText((text) => text)],
  ["chomp", (perl, call, origin) => [{ value: cutEnd(perl, call, /\n$/), origin }]],
  ["chop", (perl, call, origin) => [{ value: cutEnd(perl, call, /[\s\S]$/), origin }]],
  ["join", join],
  ["split", split],
  ["sprintf", (perl, call, origin) => [{ value: sprintf(listed(perl, call)), origin }]],
  ["reverse", (perl, call) => listed(perl, call).reverse()],
  ["push", (perl, call, origin) => [{ value: extend(perl, call, "end"), origin }]],
  ["unshift", (perl, call, origin) => [{ value: extend(perl, call, "start"), origin }]],
  ["pop", (perl, call, origin) => [{ value: takeOne(perl, call, "end"), origin }]],
  ["shift", (perl, call, origin) => [{ value: takeOne(perl, call, "start"), origin }]],
  ["keys", (perl, call, origin) => [...(hashOf(perl, call)?.map.keys() ?? [])].map((value) => ({ value, origin }))],
  [
    "values",
    (perl, call, origin) => [...(hashOf(perl, call)?.map.values() ?? [])].map(({ value }) => ({ value, origin })),
  ],
  ["scalar", (perl, call, origin) => [{ value: argument(perl, call), origin }]],
  ["defined", defined],
  ["exists", (perl, call, origin) => [{ value: exists(perl, call), origin }]],
  ["delete", remove],
  ["undef", undefine],
  ["ref", (perl, call, origin) => [{ value: refName(argument(perl, call)), origin }]],
  ["not", (perl, call, origin) => [{ value: truth(argument(perl, call)) === true ? "" : 1, origin }]],
  ["new_RE", (perl, call, origin) => [{ value: { kind: "table", rows: listed(perl, call), origin }, origin }]],
  ["Opaque", (perl, call, origin) => [{ value: { kind: "opaque", value: argument(perl, call) }, origin }]],
  ["OpaqueRef", (perl, call, origin) => [{ value: { kind: "opaque", value: argument(perl, call) }, origin }]],
  ["q_dns_a", lookup("a DNS list")],
  ["q_sql_s", lookup("an SQL field")],
  ["q_sql_n", lookup("an SQL field")],
  ["q_sql_b", lookup("an SQL field")],
  ["q_ldap_s", lookup("an LDAP attribute")],
  ["q_ldap_n", lookup("an LDAP attribute")],
  ["q_ldap_b", lookup("an LDAP attribute")],
  ["hostname", (perl, _call, origin) => [{ value: ownName(perl, origin), origin }]],
  ["uname", (perl, _call, origin) => ["Linux", ownName(perl, origin), "", "", ""].map((value) => ({ value, origin }))],
  ["dkim_key", declareKey],
  ["read_hash", readHash],
  ["read_array", readArray],
  ["read_cidr", readCidr],
  ["read_text", readText],
  [
    "read_l10n_templates",
    (perl, _call, origin) =>
      ignored(perl, origin, "note", "the texts of notifications are not taken from amavisd's templates"),
  ],
  ["include_config_files", (perl, call, origin) => include(perl, listed(perl, call), origin, false)],
  ["include_optional_config_files", (perl, call, origin) => include(perl, listed(perl, call), origin, true)],
  ["require", requireFile],
  ["do", (perl, call, origin) => include(perl, listed(perl, call), origin, true)],
  ["die", (perl, call, origin) => stop(perl, call, origin)],
  ["exit", (perl, call, origin) => stop(perl, call, origin)],
  [
    "warn",
    (perl, _call, origin) => ignored(perl, origin, "note", "nothing is printed while the configuration is read"),
  ],
  [
    "print",
    (perl, _call, origin) => ignored(perl, origin, "note", "nothing is printed while the configuration is read"),
  ],
  [
    "printf",
    (perl, _call, origin) => ignored(perl, origin, "note", "nothing is printed while the configuration is read"),
  ],
  ["eval", (perl, call, origin) => unknowable(perl, call, origin, "code in a text")],
  ["-e", (perl, call, origin) => fileTest(perl, call, origin, (name) => perl.host.exists(name))],
  [
    "-f",
    (perl, call, origin) => fileTest(perl, call, origin, (name) => perl.host.exists(name) && !perl.host.isFolder(name)),
  ],
  ["-r", (perl, call, origin) => fileTest(perl, call, origin, (name) => perl.host.exists(name))],
  ["-s", (perl, call, origin) => fileTest(perl, call, origin, (name) => perl.host.exists(name))],
  ["-d", (perl, call, origin) => fileTest(perl, call, origin, (name) => perl.host.isFolder(name))],
]);

export function isFunction(name: string): boolean {
  return builtins.has(name);
}

function ignored(perl: Evaluator, origin: Origin, severity: "note" | "warning", message: string): Item[] {
  perl.host.report(severity, origin, message);
  return [{ value: 1, origin }];
}

function unknowable(perl: Evaluator, call: Call, origin: Origin, what: string): Item[] {
  perl.host.report("warning", origin, `not taken: ${what}; what it gives is not known`);
  return [{ value: perl.unknown(call, what), origin }];
}

function ownName(perl: Evaluator, origin: Origin): string {
  perl.host.report("note", origin, `taken as this host's name: ${perl.host.hostname}`);
  return perl.host.hostname;
}

// --- texts ---

/** chomp and chop change their argument in place. */
function cutEnd(perl: Evaluator, call: Call, end: RegExp): Value {
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

function join(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const [separator, ...items] = listed(perl, call);
  let joined: Value = "";
  for (const [index, item] of items.entries()) {
    if (index > 0) joined = operate(".", joined, separator?.value)?.value;
    joined = operate(".", joined, item.value)?.value;
  }
  return [{ value: joined, origin }];
}

/** split: by blanks, by nothing, or by a pattern. Empty parts at the end are dropped. */
function split(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const [pattern, subject] = call.args;
  const separator =
    pattern === undefined
      ? " "
      : pattern.kind === "regexp"
        ? perl.scalar({ ...pattern, asks: false })
        : perl.scalar(pattern);
  const text = textOf(subject === undefined ? perl.variables.scalar("_").value : perl.scalar(subject));
  if (typeof text !== "string") return [{ value: text, origin }];
  const parts = separator === " " ? text.trim().split(/\s+/) : splitText(separator, text);
  if ("fault" in parts) return unknowable(perl, call, origin, `a split (${parts.fault})`);
  while (parts.length > 0 && parts.at(-1) === "") parts.pop();
  return parts.map((value) => ({ value, origin }));
}

function sprintf(items: Item[]): Value {
  const format = textOf(items[0]?.value);
  if (typeof format !== "string") return format;
  let next = 1;
  let unknown: Value;
  const text = format.replace(
    /%(-?0?\d{0,3})(?:\.(\d{1,2}))?([sdiufx%])/g,
    (whole, width: string, precision: string | undefined, letter: string) => {
      if (letter === "%") return "%";
      const { value } = items[next++] ?? { value: undefined };
      if (isUnknown(value)) unknown = value;
      const number = numberOf(value);
      let shown =
        letter === "s"
          ? String(textOf(value))
          : letter === "x"
            ? Math.trunc(Number(number)).toString(16)
            : numberText(Math.trunc(Number(number)));
      if (letter === "f") shown = Number(number).toFixed(precision === undefined ? 6 : Number(precision));
      const wide = Math.abs(Number.parseInt(width, 10) || 0);
      if (whole.length > 12) return shown;
      return width.startsWith("-") ? shown.padEnd(wide) : shown.padStart(wide, width.startsWith("0") ? "0" : " ");
    },
  );
  return unknown ?? text;
}

// --- lists and places ---

function extend(perl: Evaluator, call: Call, where: "start" | "end"): Value {
  const [target] = call.args;
  const array = target === undefined ? undefined : perl.arrayBox(target, true);
  if (array === undefined) {
    perl.host.report("warning", perl.origin(call), `not taken: ${call.name} on something that is no array`);
    return undefined;
  }
  const boxes = listed(perl, call, 1).map(({ value, origin }) => ({ value, origin }));
  if (array.items.length + boxes.length > 200_000) throw new TooMuch("an array of more than 200000 elements");
  array.items = where === "end" ? [...array.items, ...boxes] : [...boxes, ...array.items];
  array.origin = perl.origin(call);
  delete array.file;
  return array.items.length;
}

function takeOne(perl: Evaluator, call: Call, where: "start" | "end"): Value {
  const [target] = call.args;
  const array = target === undefined ? undefined : perl.arrayBox(target, true);
  if (array === undefined) return undefined;
  array.origin = perl.origin(call);
  delete array.file;
  return (where === "end" ? array.items.pop() : array.items.shift())?.value;
}

function hashOf(perl: Evaluator, call: Call) {
  const [target] = call.args;
  return target === undefined ? undefined : perl.hashBox(target, false);
}

function defined(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const [target] = call.args;
  if (target?.kind === "call" && target.args.length === 0) return [{ value: isFunction(target.name) ? 1 : "", origin }];
  const value = argument(perl, call);
  return [{ value: isUnknown(value) ? value : value === undefined ? "" : 1, origin }];
}

function exists(perl: Evaluator, call: Call): Value {
  const [target] = call.args;
  return target?.kind === "element" && perl.elementBox(target, false) !== undefined ? 1 : "";
}

/** delete $h{k} and delete @h{…}. The key stays as undefined where amavisd had a value of its own. */
function remove(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const [target] = call.args;
  const step = target?.kind === "element" ? target.steps.at(-1) : target?.kind === "slice" ? target.step : undefined;
  if (target === undefined || step === undefined || step.kind !== "key")
    return unknowable(perl, call, origin, "this delete");
  let container: Expression;
  if (target.kind === "element" && target.steps.length > 1) {
    container = {
      kind: "unary",
      at: target.at,
      operator: "->",
      operand: { ...target, steps: target.steps.slice(0, -1) },
    };
  } else container = target.kind === "element" || target.kind === "slice" ? target.base : target;
  const hash = perl.hashBox(container, true);
  if (hash === undefined) return [];
  const removed: Item[] = [];
  for (const key of perl.list(step.expression)) {
    const text = textOf(key.value);
    if (typeof text !== "string") continue;
    removed.push({ value: hash.map.get(text)?.value, origin });
    hash.map.delete(text);
    hash.removed ??= new Map();
    hash.removed.set(text, origin);
  }
  touchHash(hash, origin);
  return removed;
}

function undefine(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const [target] = call.args;
  if (target !== undefined) {
    const sigil = target.kind === "variable" || target.kind === "dereference" ? target.sigil : "$";
    const value: Expression =
      sigil === "$" ? { kind: "call", at: call.at, name: "undef", args: [] } : { kind: "list", at: call.at, items: [] };
    perl.scalar({ kind: "assignment", at: call.at, operator: "=", target, value });
  }
  return [{ value: undefined, origin }];
}

function refName(value: Value): Value {
  if (typeof value !== "object") return "";
  if (value.kind === "unknown") return value;
  return value.kind === "pattern" ? "Regexp" : value.kind === "table" ? "Amavis::Lookup::RE" : value.kind.toUpperCase();
}

// --- amavisd's own ---

function declareKey(perl: Evaluator, call: Call, origin: Origin): Item[] {
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

function readNamed(perl: Evaluator, call: Call, name: string | undefined, origin: Origin): string | undefined {
  if (name === undefined) {
    perl.host.report("error", origin, `${call.name}: the name of the file is not known`);
    return undefined;
  }
  const found = perl.host.readFile(name);
  if ("text" in found) return found.text;
  perl.host.report("error", origin, `${call.name}: cannot read ${name}: ${found.fault}`);
  return undefined;
}

function readHash(perl: Evaluator, call: Call, origin: Origin): Item[] {
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

function readArray(perl: Evaluator, call: Call, origin: Origin): Item[] {
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
function readCidr(perl: Evaluator, call: Call, origin: Origin): Item[] {
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

function readText(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const name = textOf(listed(perl, call)[0]?.value);
  return [{ value: readNamed(perl, call, typeof name === "string" ? name : undefined, origin), origin }];
}

function include(perl: Evaluator, items: readonly Item[], origin: Origin, optional: boolean): Item[] {
  for (const item of items) {
    if (typeof item.value === "string") perl.host.include(item.value, origin, optional);
    else perl.host.report("error", origin, "the name of the file to include is not known");
  }
  return [{ value: 1, origin }];
}

/** require with a module is nothing to us, with a file it includes. */
function requireFile(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const [target] = call.args;
  if (target === undefined || target.kind === "number") return [{ value: 1, origin }];
  if (target.kind === "call" && target.bare === true) return [{ value: 1, origin }];
  return include(perl, listed(perl, call), origin, false);
}

function stop(perl: Evaluator, call: Call, origin: Origin): Item[] {
  const text = textOf(listed(perl, call)[0]?.value);
  const { line } = placeOf(origin);
  perl.host.report(
    "error",
    origin,
    `the configuration itself stops at line ${line}: ${typeof text === "string" ? text.trim().slice(0, 200) : call.name}`,
  );
  return [{ value: undefined, origin }];
}

function fileTest(perl: Evaluator, call: Call, origin: Origin, test: (name: string) => boolean): Item[] {
  const name = textOf(argument(perl, call));
  return [{ value: typeof name === "string" ? (test(name) ? 1 : "") : name, origin }];
}
