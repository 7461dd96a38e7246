// Which sender gets a DSN for a failure, and which does not (RFC 3461 section 4.1, RFC 3834 section 2). What speaks against a sender
// is judged here alone: rules that would have a mail bounced ask for it as stages do that write notifications.
import { splitAddress } from "../mail/address.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";
import type { Path } from "../mail/transaction.ts";

/** Why a sender is not told. Log words and docs anchors (docs/notices.md). */
const suppressions = {
  "null-sender": "the mail has no sender: it is a notification itself",
  "notify-never": "the sender wants none: NOTIFY=NEVER",
  "no-failure": "the sender wants none of failures: NOTIFY without FAILURE",
  bulk: "a list or a robot wrote the mail: Precedence, List-*, Auto-Submitted, multipart/report",
  robot: "the sender's address is one of a list or a robot",
  "unverified-sender":
    "nobody vouches for the sender: not ours, no SPF pass, no valid signature of the sender's domain",
} as const;

export type Suppression = keyof typeof suppressions;

/** A mail about which its sender may be told. */
export interface ToldMail {
  readonly sender: Path;
  /** Of its header. */
  readonly fields: readonly HeaderField[];
  /** Whether the sender can be believed to be the one: a bounce to anybody else is backscatter. */
  readonly isVouchedFor: boolean;
}

/** Whether the sender asks for a DSN when the mail arrives: NOTIFY=SUCCESS (RFC 3461 section 4.1). */
export function wantsSuccess(recipient: Path): boolean {
  return recipient.parameters !== "" && notifyWords(recipient.parameters)?.includes("SUCCESS") === true;
}

/** Whether the sender wants to hear nothing at all: NOTIFY=NEVER. */
export function wantsNothing(recipient: Path): boolean {
  return recipient.parameters !== "" && notifyWords(recipient.parameters)?.includes("NEVER") === true;
}

/** Undefined: the sender may get the DSN of success that was asked for. Else why not. */
export function successSuppression(reasons: readonly SenderReason[]): Suppression | undefined {
  return reasons.find((reason) => reason === "null-sender" || reason === "unverified-sender");
}

/** What speaks against telling the sender of a mail anything, whatever became of the mail; the most telling first. */
export type SenderReason = Extract<Suppression, "null-sender" | "bulk" | "robot" | "unverified-sender">;

export function reasonsAgainst({ sender, fields, isVouchedFor }: ToldMail): readonly SenderReason[] {
  const reasons: SenderReason[] = [];
  if (sender.address === "") reasons.push("null-sender");
  if (isBulk(fields)) reasons.push("bulk");
  if (isRobotAddress(sender.address)) reasons.push("robot");
  if (!isVouchedFor) reasons.push("unverified-sender");
  return reasons;
}

/**
 * Undefined: the sender may get a DSN for this recipient. Else why not.
 *
 * @param reasons of the mail (reasonsAgainst)
 */
export function suppression(reasons: readonly SenderReason[], recipient: Path): Suppression | undefined {
  if (reasons.includes("null-sender")) return "null-sender";
  const notify = notifyWords(recipient.parameters);
  if (notify?.includes("NEVER")) return "notify-never";
  if (notify !== undefined && !notify.includes("FAILURE")) return "no-failure";
  return reasons[0];
}

/**
 * Whether a mail is a notice or notification of ours, or pretends to be: by our Message-ID, and as no person writes.
 * `hostname` is the one in our Message-IDs.
 */
export function isOwnNotice(fields: readonly HeaderField[], hostname: string): boolean {
  if (!isBulk(fields)) return false;
  return fields.some(({ name, raw }) => {
    if (name !== "message-id") return false;
    const [, host] =
      /^\s*<(?:DSN|[VS][ARS])[\w-]{12}(?:-\d+)?@([^<>\s]{1,255})>/.exec(fieldBody(raw.subarray(0, 400))) ?? [];
    return host?.toLowerCase() === hostname.toLowerCase();
  });
}

/** Mail from lists and robots, to which no answer is sent. */
export function isBulk(fields: readonly HeaderField[]): boolean {
  return fields.some(({ name, raw }) => {
    switch (name) {
      // RFC 2369, RFC 2919.
      case "list-archive":
      case "list-help":
      case "list-id":
      case "list-owner":
      case "list-post":
      case "list-subscribe":
      case "list-unsubscribe":
      case "mailing-list":
      case "x-mailing-list":
        return true;
      case "precedence":
        return ["bulk", "list", "junk"].includes(firstWord(raw));
      case "auto-submitted":
        return firstWord(raw) !== "no";
      case "content-type":
        // A report, of any author, answers something (RFC 6522).
        return firstWord(raw) === "multipart/report";
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

const robots = new Set(["mailer-daemon", "postmaster", "double-bounce", "listserv", "majordomo"]);

/** RFC 3834 section 2, and what lists and MTAs bounce to. */
function isRobotAddress(address: string): boolean {
  const local = splitAddress(address).localPart.toLowerCase();
  return robots.has(local) || local.startsWith("owner-") || /-(?:request|owner|bounces?)(?:\+.*)?$/s.test(local);
}

/** The words of NOTIFY= in upper case; undefined when it is not there. */
function notifyWords(parameters: string): string[] | undefined {
  for (const parameter of parameters.split(" ")) {
    if (/^NOTIFY=/i.test(parameter)) return parameter.slice("NOTIFY=".length).toUpperCase().split(",");
  }
  return undefined;
}
