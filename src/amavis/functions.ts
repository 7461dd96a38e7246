// The functions that configurations call: Perl's own on texts and lists, and amavisd's (new_RE, read_hash, dkim_key).
import { argument, type Builtin, type Call, ignored, listed, unknowable } from "./builtin.ts";
import {
  declareKey,
  fileTest,
  include,
  readArray,
  readCidr,
  readHash,
  readText,
  requireFile,
  stop,
} from "./conf-functions.ts";
import { exists, extend, hashOf, refName, remove, takeOne, undefine } from "./list-functions.ts";
import type { Perl } from "./perl.ts";
import type { SourceOrigin } from "./source-text.ts";
import { cutEnd, join, part, position, split, sprintf } from "./text-functions.ts";
import { type Item, isUnknown, numberOf, textOf, truth, type Value } from "./values.ts";

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

/** Functions of Perl that depend on the machine or the moment: never asked. */
const perlFunctions = new Set(
  "localtime gmtime time times rand getpwnam getpwuid getgrnam getgrgid gethostbyname getlogin getppid wantarray caller stat lstat readlink glob".split(
    " ",
  ),
);

/** Works out a call; what is not known here is reported and gives something unknown. */
export function callFunction(perl: Perl, call: Call): Item[] {
  const name = call.name.replace(/^(?:CORE::|main::|Amavis::Conf::|Amavis::Util::|Sys::Hostname::|POSIX::)/, "");
  const origin = perl.origin(call);
  const constant = Object.hasOwn(constants, name) ? constants[name] : undefined;
  if (constant !== undefined) return [{ value: constant, origin }];
  const own = perl.constants.get(name);
  if (own !== undefined) return [...own];
  const builtin = builtins.get(name);
  if (builtin !== undefined) return builtin(perl, call, origin);
  if (call.bare === true && !perlFunctions.has(name)) {
    perl.report("error", origin, `"${call.name}" is neither quoted nor anything amavisd knows`);
    return [{ value: call.name, origin }];
  }
  perl.report("warning", origin, `not taken: a call of ${call.name}(), which needs Perl; what it gives is not known`);
  return [{ value: perl.unknown(call, `a call of ${call.name}()`), origin }];
}

/** What a call gives where one value is asked for: the number of keys or parts, a text backwards. */
export function scalarResult(call: Call, items: readonly Item[]): Value {
  const name = call.name.replace(/^CORE::/, "");
  if (name === "keys" || name === "values" || name === "split")
    return items.find(({ value }) => isUnknown(value))?.value ?? items.length;
  if (name !== "reverse") return items.at(-1)?.value;
  let text = "";
  for (const { value } of items) {
    const part = textOf(value);
    if (typeof part !== "string") return part;
    text = part + text;
  }
  return [...text].reverse().join("");
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
  ["index", (perl, call, origin) => [{ value: position(listed(perl, call), "first"), origin }]],
  ["rindex", (perl, call, origin) => [{ value: position(listed(perl, call), "last"), origin }]],
  ["substr", (perl, call, origin) => [{ value: part(listed(perl, call)), origin }]],
  [
    "sprintf",
    (perl, call, origin) => {
      const value = sprintf(listed(perl, call));
      return value === undefined ? unknowable(perl, call, origin, "a format of sprintf") : [{ value, origin }];
    },
  ],
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
    (perl, _call, origin) => ignored(perl, origin, "the texts of notifications are not taken from amavisd's templates"),
  ],
  ["include_config_files", (perl, call, origin) => include(perl, listed(perl, call), origin, false)],
  ["include_optional_config_files", (perl, call, origin) => include(perl, listed(perl, call), origin, true)],
  ["require", requireFile],
  ["do", (perl, call, origin) => include(perl, listed(perl, call), origin, true)],
  ["die", (perl, call, origin) => stop(perl, call, origin)],
  ["exit", (perl, call, origin) => stop(perl, call, origin)],
  ["warn", (perl, _call, origin) => ignored(perl, origin, "nothing is printed while the configuration is read")],
  ["print", (perl, _call, origin) => ignored(perl, origin, "nothing is printed while the configuration is read")],
  ["printf", (perl, _call, origin) => ignored(perl, origin, "nothing is printed while the configuration is read")],
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

function isFunction(name: string): boolean {
  return builtins.has(name);
}

/** defined: also asks whether a function is there. */
function defined(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const [target] = call.args;
  if (target?.kind === "call" && target.name !== "undef" && target.args.length === 0)
    return [{ value: isFunction(target.name) ? 1 : "", origin }];
  const value = argument(perl, call);
  return [{ value: isUnknown(value) ? value : value === undefined ? "" : 1, origin }];
}

function ownName(perl: Perl, origin: SourceOrigin): string {
  perl.report("note", origin, `taken as this host's name: ${perl.host.hostname}`);
  return perl.host.hostname;
}
