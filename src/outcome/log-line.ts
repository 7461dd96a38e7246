// The one log line of a mail in amavisd's words (amavis.md 10.1): log analysers and fail2ban read it.
import { isPositive, isTransient } from "../smtp/reply.ts";
import type { Outcome, RecipientOutcome } from "./outcome.ts";

/** Characters of a value of mail's making that a line may hold; the rest is cut. */
const maxFieldChars = 250;
const maxRecipientsNamed = 50;
const maxFailuresNamed = 5;

/**
 * "(id) Passed CLEAN {RelayedOutbound}, ORIGINATING LOCAL [192.0.2.3]:33333 <a@b> -> <c@d>, Message-ID: ..., ..., 12 ms".
 * A mail that reached some recipients and not others yields two lines, as amavisd's does.
 */
export function logLines(outcome: Outcome): readonly string[] {
  const passed = outcome.recipients.filter((recipient) => isPositive(recipient.reply) && recipient.action === "accept");
  const blocked = outcome.recipients.filter((recipient) => !passed.includes(recipient));
  const lines: string[] = [];
  if (passed.length > 0) lines.push(line(outcome, "Passed", passed));
  if (blocked.length > 0 || passed.length === 0) lines.push(line(outcome, "Blocked", blocked));
  return lines;
}

function line(outcome: Outcome, word: "Passed" | "Blocked", recipients: readonly RecipientOutcome[]): string {
  const { client } = outcome.session;
  const where = [outcome.bankPath, outcome.originating ? "LOCAL" : ""].filter((part) => part !== "").join(" ");
  const from =
    client.address === undefined
      ? ""
      : `[${visible(client.address)}]${client.port === undefined ? "" : `:${visible(client.port)}`}`;
  const trace = outcome.oldestPublicAddress === undefined ? "" : `[${outcome.oldestPublicAddress}]`;
  const named = recipients.slice(0, maxRecipientsNamed).map((recipient) => `<${visible(recipient.address)}>`);
  if (recipients.length > named.length) named.push(`... (${recipients.length - named.length} more)`);
  const envelope = `<${visible(outcome.sender)}> -> ${named.join(",")}`;
  const parts = [
    `(${outcome.session.id}) ${word} ${category(outcome, word, recipients)} {${actions(recipients)}}`,
    [where, from, trace, envelope].filter((part) => part !== "").join(" "),
    outcome.messageId === "" ? "" : `Message-ID: ${visible(outcome.messageId)}`,
    `mail_id: ${outcome.mailId}`,
    "Hits: -",
    `size: ${outcome.sizeBytes}`,
    word === "Passed" && outcome.queuedAs.length > 0 ? `queued_as: ${outcome.queuedAs.map(visible).join("/")}` : "",
    valid(outcome),
    failed(outcome),
    made(outcome),
    skipped(outcome),
    sealed(outcome),
    word === "Blocked" && recipients[0] !== undefined ? `reply: ${replyText(recipients[0])}` : "",
    outcome.error === undefined ? "" : `error: ${visible(outcome.error)}`,
    `${Math.round(outcome.elapsedMs)} ms`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** CLEAN, or what stood in the way. */
function category(outcome: Outcome, word: string, recipients: readonly RecipientOutcome[]): string {
  if (word === "Passed") return "CLEAN";
  if (outcome.error !== undefined) return "TEMPFAIL";
  return recipients.some((recipient) => recipient.action !== "accept") ? "POLICY" : "MTA-BLOCKED";
}

function actions(recipients: readonly RecipientOutcome[]): string {
  const words = new Set<string>();
  for (const recipient of recipients) {
    words.add(`${actionWord(recipient)}${recipient.direction}`);
    if (recipient.dsn === "sent") words.add("Bounced");
    if (recipient.dsn === "suppressed") words.add("NoBounce");
  }
  if (words.size === 0) words.add("TempFailed");
  return [...words].join(",");
}

function actionWord(recipient: RecipientOutcome): string {
  if (recipient.action === "discard") return "Discarded";
  if (isTransient(recipient.reply)) return "TempFailed";
  if (!isPositive(recipient.reply)) return "Rejected";
  return "Relayed";
}

function valid(outcome: Outcome): string {
  const names = outcome.verifications
    .filter((verification) => verification.result === "pass")
    .map((verification) => `${visible(verification.selector)}:${visible(verification.domain)}`);
  return names.length === 0 ? "" : `dkim_sd=${[...new Set(names)].join(",")}`;
}

/** Not amavisd's: signatures that do not hold, and why. */
function failed(outcome: Outcome): string {
  const names = outcome.verifications.flatMap(({ result, reason, selector, domain }) =>
    result === "pass" ? [] : [`${visible(selector)}:${visible(domain)}:${reason ?? result}`],
  );
  const told = [...new Set(names)];
  if (told.length === 0) return "";
  return `dkim_fail=${told.slice(0, maxFailuresNamed).join(",")}${told.length > maxFailuresNamed ? ",..." : ""}`;
}

function made(outcome: Outcome): string {
  const names = outcome.signings.flatMap((signing) =>
    signing.result === "signed" ? [`${signing.selector}:${signing.domain}`] : [],
  );
  return names.length === 0 ? "" : `dkim_new=${[...new Set(names)].join(",")}`;
}

/** What the configuration asks for is no news. */
const expected = new Set(["not-originating", "signing-disabled"]);

/** Not amavisd's: why mail of ours leaves unsigned. */
function skipped(outcome: Outcome): string {
  const reasons = outcome.signings.flatMap((signing) => (signing.result === "skipped" ? [signing.reason] : []));
  // Of mail that stays with us nobody expects it; of mail that leaves, somebody may.
  const leaves = outcome.recipients.some(({ local }) => !local);
  const told = reasons.filter((reason) => leaves || !expected.has(reason));
  return told.length === 0 ? "" : `dkim_skip=${[...new Set(told)].join(",")}`;
}

/** Not amavisd's: the ARC set that was put on, or why there is none where the bank asks for one. */
function sealed({ seal }: Outcome): string {
  if (seal === undefined) return "";
  return seal.result === "sealed" ? `arc_new=${seal.selector}:${seal.domain}` : `arc_skip=${seal.reason}`;
}

function replyText(recipient: RecipientOutcome): string {
  return `${recipient.reply.code} ${recipient.reply.enhanced} ${recipient.reply.text}`;
}

/**
 * Text of mail's making on one line: controls, the C1 range, line separators and what flips the direction of text
 * become "?", the length is bounded. Octets of addresses are latin1 here, so anything above "~" is replaced.
 */
export function visible(text: string): string {
  const cut = text.length > maxFieldChars ? `${text.slice(0, maxFieldChars)}...` : text;
  return /^[\x20-\x7e]*$/.test(cut) ? cut : cut.replace(/[^\x20-\x7e]/g, "?");
}
