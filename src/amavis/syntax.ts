// The tree that the parser builds of an amavisd.conf: the declarative part of Perl, and names for what lies beyond it.
// Every node knows its offset in the text.

export type Sigil = "$" | "@" | "%" | "&" | "$#";

/** The contents of a quoted construct: a range of the text, and how it was quoted. */
export interface Quote {
  readonly form: "literal" | "interpolated" | "words" | "regexp" | "match" | "rewrite" | "command";
  readonly from: number;
  readonly to: number;
  /** The opening delimiter; "" in a here-document, where nothing needs escaping. */
  readonly delimiter: string;
  readonly flags: string;
  /** Blanks to take off each line (`<<~`). */
  readonly indent: number;
  /** The second part of s/…/…/. */
  readonly replacement?: { readonly from: number; readonly to: number };
}

export type Expression =
  | { readonly kind: "number"; readonly at: number; readonly value: number }
  | { readonly kind: "string"; readonly at: number; readonly value: string }
  | { readonly kind: "words"; readonly at: number; readonly words: readonly { value: string; at: number }[] }
  | { readonly kind: "joined"; readonly at: number; readonly parts: readonly Expression[] }
  | {
      readonly kind: "regexp";
      readonly at: number;
      readonly parts: readonly Expression[];
      readonly flags: string;
      /** qr// is a value, m// a question about $_ or what stands left of =~. */
      readonly asks: boolean;
    }
  | { readonly kind: "variable"; readonly at: number; readonly sigil: Sigil; readonly name: string }
  | { readonly kind: "dereference"; readonly at: number; readonly sigil: Sigil; readonly reference: Expression }
  | {
      readonly kind: "element";
      readonly at: number;
      readonly base: Expression;
      readonly steps: readonly StatementStep[];
    }
  | { readonly kind: "slice"; readonly at: number; readonly base: Expression; readonly step: StatementStep }
  | { readonly kind: "array"; readonly at: number; readonly items: Expression }
  | { readonly kind: "hash"; readonly at: number; readonly items: Expression }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly Expression[] }
  | { readonly kind: "reference"; readonly at: number; readonly target: Expression }
  | { readonly kind: "unary"; readonly at: number; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "chain"; readonly at: number; readonly first: Expression; readonly rest: readonly ChainLink[] }
  | {
      readonly kind: "choice";
      readonly at: number;
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | {
      readonly kind: "assignment";
      readonly at: number;
      readonly operator: string;
      readonly target: Expression;
      readonly value: Expression;
    }
  | {
      readonly kind: "declaration";
      readonly at: number;
      readonly how: "my" | "our" | "local" | "state";
      readonly target: Expression;
    }
  | {
      readonly kind: "call";
      readonly at: number;
      readonly name: string;
      readonly args: readonly Expression[];
      /** A word alone, without parentheses or arguments. */
      readonly bare?: true;
    }
  | {
      readonly kind: "method";
      readonly at: number;
      readonly invocant: Expression;
      readonly name: string;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: "each";
      readonly at: number;
      readonly name: "map" | "grep" | "sort";
      readonly body: Expression | undefined;
      readonly list: Expression;
    }
  /** s/…/…/: only to the right of =~, where it changes what stands on the left. */
  | {
      readonly kind: "substitution";
      readonly at: number;
      readonly pattern: Expression & { readonly kind: "regexp" };
      readonly replacement: readonly Expression[];
      readonly flags: string;
    }
  /** What only Perl can do: kept with its words, so that the report can say what was there. */
  | { readonly kind: "beyond"; readonly at: number; readonly what: string; readonly text: string };

/** One `[…]` or `{…}` after a container. */
export interface StatementStep {
  readonly kind: "index" | "key";
  readonly at: number;
  readonly expression: Expression;
}

/** An operator and its right side, in a row of operators of equal precedence (so long rows do not nest). */
export interface ChainLink {
  readonly operator: string;
  readonly at: number;
  readonly right: Expression;
}

export type Statement =
  | { readonly kind: "expression"; readonly at: number; readonly expression: Expression }
  | {
      readonly kind: "if";
      readonly at: number;
      readonly branches: readonly { readonly condition: Expression; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
      /** `… if …`: no block, so what is declared there stays. */
      readonly modifier?: true;
    }
  | {
      readonly kind: "foreach";
      readonly at: number;
      readonly variable: { readonly name: string; readonly lexical: boolean };
      readonly list: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "block"; readonly at: number; readonly body: readonly Statement[] }
  /** `within`: the package around it, with its colons; empty in those of amavisd's configuration. */
  | { readonly kind: "sub"; readonly at: number; readonly name: string; readonly within: string }
  /** Likewise with an empty name; the body is empty where the package holds for what follows. */
  | { readonly kind: "package"; readonly at: number; readonly name: string; readonly body: readonly Statement[] }
  | {
      readonly kind: "use";
      readonly at: number;
      readonly no: boolean;
      readonly module: string;
      readonly names: readonly string[];
      /** What `use constant` declares. */
      readonly values?: Expression;
    }
  | { readonly kind: "beyond"; readonly at: number; readonly what: string };

/** Text that cannot be read at all: the rest of the statement is skipped, or of the file if `fatal`. */
export class SyntaxProblem extends Error {
  readonly at: number;
  readonly fatal: boolean;
  constructor(at: number, message: string, fatal = false) {
    super(message);
    this.at = at;
    this.fatal = fatal;
  }
}
