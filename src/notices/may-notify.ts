// Who is told of a failure, and who is not (RFC 3461 section 4.1, RFC 3834 section 2). Whether a sender is to be
// believed at all is a matter of policy and decided elsewhere.
import { fieldBody, type HeaderField } from "../mail/header.ts";
import type { Path } from "../mail/transaction.ts";

export type Suppression = "null-sender" | "notify-never" | "no-failure" | "bulk";

export interface FailedMail {
  readonly sender: Path;
  readonly recipient: Path;
  /** The header of the mail that failed. */
  readonly fields: readonly HeaderField[];
}

/** Undefined: the sender may be told that this recipient failed. Else why not. */
export function suppression({ sender, recipient, fields }: FailedMail): Suppression | undefined {
  if (sender.address === "") return "null-sender";
  const notify = notifyWords(recipient.parameters);
  if (notify?.includes("NEVER")) return "notify-never";
  if (notify !== undefined && !notify.includes("FAILURE")) return "no-failure";
  return isRobotAddress(sender.address) || isBulk(fields) ? "bulk" : undefined;
}

export function mayNotify(mail: FailedMail): boolean {
  return suppression(mail) === undefined;
}

/** Mail from lists and robots, to which no answer is sent. */
export function isBulk(fields: readonly HeaderField[]): boolean {
  return fields.some(({ name, raw }) => {
    switch (name) {
      case "list-id":
      case "list-post":
      case "list-unsubscribe":
      case "mailing-list":
      case "x-mailing-list":
        return true;
      case "precedence":
        return ["bulk", "list", "junk"].includes(firstWord(raw));
      case "auto-submitted":
        return firstWord(raw) !== "no";
      default:
        return false;
    }
  });
}

/** The first word of a field's body, in lower case: comments and parameters do not matter here. */
function firstWord(raw: Uint8Array): string {
  const body = fieldBody(raw.subarray(0, 256));
  return (/^\s*([^\s;(]*)/.exec(body)?.[1] ?? "").toLowerCase();
}

function isRobotAddress(address: string): boolean {
  const at = address.lastIndexOf("@");
  const local = (at === -1 ? address : address.slice(0, at)).toLowerCase();
  return local === "mailer-daemon" || local.startsWith("owner-") || local.endsWith("-request");
}

/** The words of NOTIFY= in upper case; undefined when it is not there. */
function notifyWords(parameters: string): string[] | undefined {
  for (const parameter of parameters.split(" ")) {
    if (/^NOTIFY=/i.test(parameter)) return parameter.slice("NOTIFY=".length).toUpperCase().split(",");
  }
  return undefined;
}
