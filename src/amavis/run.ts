// Works through statements in order: assignments take effect one after the other, as they do in Perl.
import type { Evaluator } from "./evaluate.ts";
import type { Statement } from "./syntax.ts";

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
      perl.list(expression);
      return;
    }
    case "if": {
      for (const { condition, body } of statement.branches) {
        const held = perl.truth(condition);
        if (typeof held === "object") {
          perl.host.report(
            "warning",
            perl.origin(condition),
            `not taken: what depends on this condition, because it needs ${held.what}`,
          );
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
        scoped(perl, () => {
          const box = { value: item.value, origin: item.origin };
          perl.variables.bind(statement.variable.name, box);
          runStatements(perl, statement.body, declareName);
          if (box.value === item.value) return;
          const text = "not taken: a loop that changes its variable changes the list in Perl, here it does not";
          perl.host.report("warning", perl.origin(statement), text);
        });
      }
      return;
    case "block":
      scoped(perl, () => runStatements(perl, statement.body, declareName));
      return;
    case "sub":
      perl.host.report(
        "warning",
        perl.origin(statement),
        `not taken: the code of sub ${statement.name}; nothing calls it here`,
      );
      return;
    case "use":
      if (statement.module === "vars") for (const name of statement.names) declareName(name);
      return;
    case "beyond":
      perl.host.report(
        "warning",
        perl.origin(statement),
        `not taken: ${statement.what}, with all that it would have set`,
      );
      return;
  }
}

function scoped(perl: Evaluator, work: () => void): void {
  perl.variables.enter();
  try {
    work();
  } finally {
    perl.variables.leave();
  }
}
