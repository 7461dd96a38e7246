// What an operator types to call this program again, as it is installed here.
import { basename, delimiter, dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";

export interface CalledBy {
  /** $SIGNPOST_PROGRAM, else process.argv[1]: what was started, or the file that Node was given. */
  readonly script: string | undefined;
  /** $PATH */
  readonly path: string | undefined;
  readonly cwd: string;
}

/** The entry in a checkout, where Node reads TypeScript; null in what was compiled. */
function checkoutEntry(): string | null {
  return import.meta.url.endsWith(".ts") ? fileURLToPath(new URL("main.ts", import.meta.url)) : null;
}

/** "signpost" where the shell finds it, else a path that begins in the working folder: "node_modules/.bin/signpost". */
export function calledAs({ script, path, cwd }: CalledBy, entry: string | null = checkoutEntry()): string {
  if (entry !== null) {
    const checkout = dirname(dirname(dirname(entry)));
    const from = (file: string) => shortest(cwd, `${checkout}/${file}`);
    return `${from("node_modules/.bin/node")} ${from("src/cli/main.ts")}`;
  }
  if (script === undefined || basename(script) !== "signpost") return "signpost";
  const known = (path ?? "").split(delimiter).includes(dirname(script));
  return known ? "signpost" : shortest(cwd, script);
}

function shortest(cwd: string, file: string): string {
  const path = relative(cwd, file);
  return path.startsWith("..") ? file : path;
}
