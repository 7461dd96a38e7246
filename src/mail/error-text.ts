// What was thrown, in words: for a line of the log, a reply to a command, an answer to another process.

/** The message of an error; anything else as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** With where it was thrown: for errors that are ours to mend. */
export function errorStack(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The code that Node and the system give an error ("ENOENT"); undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What systemError says of a file that may not be read or written. */
export const permissionDenied = "Permission denied";

/** The error of a file operation in the system's words, without code and path. */
export function systemError(error: unknown): string {
  const code = errorCode(error);
  if (code === "ENOENT") return "No such file or directory";
  if (code === "EACCES" || code === "EPERM") return permissionDenied;
  if (code === "EISDIR") return "Is a directory";
  if (code === "ENOTDIR") return "Not a directory";
  if (code === "EEXIST") return "File exists";
  return errorText(error);
}
