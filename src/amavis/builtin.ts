// What the functions of a configuration have in common.
import type { Perl } from "./perl.ts";
import type { SourceOrigin } from "./source-text.ts";
import type { Expression } from "./syntax.ts";
import type { Item, Value } from "./values.ts";

export type Call = Expression & { kind: "call" };

/** A function as the evaluator calls it. */
export type Builtin = (perl: Perl, call: Call, origin: SourceOrigin) => Item[];

/** All arguments, as one list. */
export function listed(perl: Perl, call: Call, from = 0): Item[] {
  return perl.list({ kind: "list", at: call.at, items: call.args.slice(from) });
}

/** The first argument, or $_ without one. */
export function argument(perl: Perl, call: Call): Value {
  const [first] = call.args;
  return first === undefined ? perl.variables.scalar("_").value : perl.scalar(first);
}

/** A call whose result only Perl knows. */
export function unknowable(perl: Perl, call: Call, origin: SourceOrigin, what: string): Item[] {
  perl.report("warning", origin, `not taken: ${what}; what it gives is not known`);
  return [{ value: perl.unknown(call, what), origin }];
}

/** A call that does nothing here. */
export function ignored(perl: Perl, origin: SourceOrigin, message: string): Item[] {
  perl.report("note", origin, message);
  return [{ value: 1, origin }];
}
