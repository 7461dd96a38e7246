// Steps over a block of code without looking at what it does.
import type { Lexer } from "./lexer.ts";
import { SyntaxProblem } from "./syntax.ts";

/** Skips what may stand before a `{` (a prototype) and the block itself, whose code is not looked at. */
export function skipBlock(lexer: Lexer): void {
  const open = lexer.peek("operator");
  if (open.kind === "operator" && open.text === "(") {
    while (lexer.next("operator").kind === "operator" && lexer.upcoming() !== "{" && lexer.upcoming() !== "") {
      // a prototype such as ($$;@)
    }
  }
  lexer.expect("{", "to open a block");
  const brackets: ("subscript" | "block")[] = ["block"];
  let expectsTerm = true;
  while (brackets.length > 0) {
    const token = lexer.next(expectsTerm ? "term" : "operator");
    if (token.kind === "end") throw new SyntaxProblem(open.at, "the block that opens here is never closed", true);
    if (token.kind === "operator" && "{[(".includes(token.text)) {
      brackets.push(expectsTerm ? "block" : "subscript");
      expectsTerm = true;
    } else if (token.kind === "operator" && "}])".includes(token.text)) {
      const closed = brackets.pop();
      expectsTerm = token.text === "}" && closed === "block";
    } else if (token.kind === "operator") expectsTerm = token.text !== "++" && token.text !== "--";
    else if (token.kind === "word")
      expectsTerm =
        /^(?:return|and|or|not|if|unless|while|until|foreach|for|split|grep|map|join|push|unshift|print|x|lt|gt|le|ge|eq|ne|cmp|die|warn|else|do|eval|sub)$/.test(
          token.text,
        );
    else expectsTerm = false;
  }
}
