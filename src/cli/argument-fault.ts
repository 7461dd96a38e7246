// What is wrong with the arguments of a command, in our words: those of Node end with advice that does not fit.
import { nearest } from "../settings/nearest.ts";

/** Options that a usage text names: "--config", "--json". */
export function optionsOf(usage: string): readonly string[] {
  return [...new Set([...usage.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([name]) => name))].filter(
    (name) => name !== "--help",
  );
}

/** `error` is what `parseArgs` of node:util threw; undefined for any other. */
export function argumentFault(error: unknown, usage: string): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  const option = /'(?:-\w, )?(--?[\w-]+)/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION": {
      const near = option.startsWith("--")
        ? nearest(
            option.slice(2),
            optionsOf(usage).map((name) => name.slice(2)),
          )
        : undefined;
      return `there is no option ${option}${near === undefined ? "" : `, did you mean --${near}?`}`;
    }
    case "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL": {
      const argument = /'([^']*)'/.exec(error.message)?.[1] ?? "";
      return `unexpected argument "${argument}"`;
    }
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      if (error.message.includes("does not take an argument")) return `${option} takes no value`;
      // "--lines -1": the next word may be an option, or the value.
      if (error.message.includes("ambiguous"))
        return `${option} needs a value; one that begins with "-" is written ${option}=-...`;
      return `${option} needs a value`;
    default:
      return undefined;
  }
}
