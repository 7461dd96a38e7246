// Questions to Postfix and changes of its configuration, by its own postconf(1).
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { errorText } from "../mail/error-text.ts";

const run = promisify(execFile);
/** Postfix installs it here; a user's PATH often lacks the folder. */
const folders = ["/usr/sbin", "/usr/local/sbin"];

export class PostconfError extends Error {
  override name = "PostconfError";
}

/** What postconf prints. Throws a PostconfError with its words when it fails or is not there. */
export async function postconf(args: readonly string[], folder?: string): Promise<string> {
  const path = [process.env.PATH ?? "", ...folders].join(":");
  const where = folder === undefined ? [] : ["-c", folder];
  try {
    const { stdout } = await run("postconf", [...where, ...args], { env: { ...process.env, PATH: path, LC_ALL: "C" } });
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new PostconfError("there is no postconf: is Postfix installed?");
    const { stderr } = error as { readonly stderr?: string };
    throw new PostconfError(stderr?.trim() || errorText(error));
  }
}
