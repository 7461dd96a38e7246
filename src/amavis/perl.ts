// What the values of a configuration are worked out by, as its operators, functions and places see it.
import type { SourceOrigin } from "./source-text.ts";
import type { Expression } from "./syntax.ts";
import type { Item, Unknown, Value } from "./values.ts";
import type { ContainerSigil, Variables } from "./variables.ts";

/** What the reader of the configuration does for it: files, the report, the names. */
export interface Host {
  report(severity: "error" | "warning" | "note", origin: SourceOrigin, message: string): void;
  /** The contents of a file named in the configuration, or why there are none. */
  readFile(name: string): { text: string } | { fault: string };
  exists(name: string): boolean;
  isFolder(name: string): boolean;
  /** Reads another configuration file into the same variables. */
  include(name: string, origin: SourceOrigin, optional: boolean): void;
  declareKey(args: readonly Item[], origin: SourceOrigin): void;
  /** Called for each variable that is not lexical, so that unknown names are said once. */
  mention(sigil: ContainerSigil, name: string, origin: SourceOrigin): void;
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The work on one configuration. Nothing throws but TooMuch, where it asks for more work than a configuration should be. */
export interface Perl {
  readonly variables: Variables;
  readonly host: Host;
  /** Declared by `use constant`. */
  readonly constants: ReadonlyMap<string, readonly Item[]>;
  report: Host["report"];
  /** One value, as in `$x = …`. */
  scalar(node: Expression): Value;
  /** Any number of values, as in `@x = …`. */
  list(node: Expression): Item[];
  /** Unknown where it depends on what only Perl could work out. */
  truth(node: Expression): boolean | Unknown;
  /** A text; undefined (reported already) where it cannot be known. */
  text(node: Expression): string | undefined;
  /** The value of what only Perl could work out; reported unless it is code, which may be no loss where it stands. */
  beyond(node: Expression & { kind: "beyond" }): Value;
  unknown(node: { readonly at: number }, what: string): Unknown;
  /** Where a piece of the file that is being read begins. */
  origin(node: { readonly at: number }): SourceOrigin;
  /** Counts pieces of work; throws TooMuch at the limit. */
  step(pieces?: number): void;
}
