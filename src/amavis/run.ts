// Works through statements in order: assignments take effect one after the other, as they do in Perl.
import type { Evaluator } from "./evaluate.ts";
import type { Statement } from "./syntax.ts";
import type { Item } from "./values.ts";

export function runStatements(
  perl: Evaluator,
  statements: readonly Statement[],
  declareName: (name: string) => void,
): void {
  for (const statement of statements) run(perl, statement, declareName);
}

function run(perl: Evaluator, statement: Statement, declareName: (name: string) => void): void {
  perl.step();
  switch (statement.kind) {
    case "expression": {
      const { expression } = statement;
      // Constants alone (the closing "1;") ask for nothing.
      if (expression.kind === "number" || expression.kind === "string") return;
      if (expression.kind === "call" && (expression.name === "next" || expression.name === "last") && perl.loops > 0)
        throw new LoopEnd(expression.name);
      perl.list(expression);
      return;
    }
    case "if": {
      for (const { condition, body } of statement.branches) {
        const held = perl.truth(condition);
        if (typeof held === "object") {
          perl.report(
            "warning",
            perl.origin(condition),
            `not taken: what depends on this condition, because it needs ${held.what}`,
          );
          return;
        }
        if (held && statement.modifier === true) {
          runStatements(perl, body, declareName);
          return;
        }
        if (held) {
          scoped(perl, () => runStatements(perl, body, declareName));
          return;
        }
      }
      scoped(perl, () => runStatements(perl, statement.otherwise, declareName));
      return;
    }
    case "foreach":
      for (const item of perl.list(statement.list)) {
        perl.step();
        const box = { value: item.value, origin: item.origin };
        const ended = scoped(perl, () => {
          perl.variables.bind(statement.variable.name, box);
          return round(perl, () => runStatements(perl, statement.body, declareName));
        });
        if (box.value !== item.value) {
          const text = "not taken: a loop that changes its variable changes the list in Perl, here it does not";
          perl.report("warning", perl.origin(statement), text);
        }
        if (ended === "last") return;
      }
      return;
    case "block":
      scoped(perl, () => runStatements(perl, statement.body, declareName));
      return;
    case "sub":
      saySub(perl, statement);
      return;
    case "package":
      if (statement.name !== "") perl.report("warning", perl.origin(statement), codeOf(statement.name));
      scoped(perl, () => runStatements(perl, statement.body, declareName));
      return;
    case "use":
      if (statement.values !== undefined) declareConstants(perl, perl.list(statement.values));
      if (statement.module === "vars") for (const name of statement.names) declareName(name);
      return;
    case "beyond":
      perl.report("warning", perl.origin(statement), `not taken: ${statement.what}, with all that it would have set`);
      return;
  }
}

/** The subs of a package are reported where it starts; one that carries the name of its package has no such place. */
function saySub(perl: Evaluator, { at, name, within }: Statement & { readonly kind: "sub" }): void {
  if (within !== "") return;
  const hook = /^(Amavis::Custom)::/.exec(name)?.[1];
  const text = hook === undefined ? `not taken: the code of sub ${name}; nothing calls it here` : codeOf(hook);
  perl.report("warning", perl.origin({ at }), text);
}

function codeOf(name: string): string {
  return name === "Amavis::Custom"
    ? "not taken: custom hooks (package Amavis::Custom); amavisd runs their code for each mail, signpost does not"
    : `not taken: the code of package ${name}; nothing calls it here`;
}

/** use constant NAME => value; use constant { NAME => value, … }; */
function declareConstants(perl: Evaluator, items: readonly Item[]): void {
  const [first, ...rest] = items;
  const table = first?.value;
  if (typeof table === "object" && table.kind === "hash") {
    for (const [name, box] of table.box.map) {
      perl.constants.set(name, [{ value: box.value, origin: box.origin ?? first?.origin ?? perl.origin({ at: 0 }) }]);
    }
  } else if (typeof table === "string") perl.constants.set(table, rest);
}

/** `next` and `last` leave the statements they stand in, whatever blocks are around them. */
class LoopEnd extends Error {
  readonly how: "next" | "last";
  constructor(how: "next" | "last") {
    super(how);
    this.how = how;
  }
}

/** One round of a loop; says how it was left early. */
function round(perl: Evaluator, work: () => void): "next" | "last" | undefined {
  perl.loops++;
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof LoopEnd)) throw error;
    return error.how;
  } finally {
    perl.loops--;
  }
}

function scoped<T>(perl: Evaluator, work: () => T): T {
  perl.variables.enter();
  try {
    return work();
  } finally {
    perl.variables.leave();
  }
}
