// The one log line of a mail in amavisd's words (amavis.md 10.1): log analysers and fail2ban read it.

import { type Category, categories } from "../../policy/decision.ts";
import { isPositive, isTransient } from "../../smtp/reply.ts";
import type { Outcome, RecipientOutcome } from "./outcome.ts";
import { dsnOf, withheldDsns } from "./record.ts";
import { failedScanners } from "./scan-record.ts";

/** Characters of a value of mail's making that a line may hold; the rest is cut. */
const maxFieldChars = 250;
const maxRecipientsNamed = 50;
const maxFailuresNamed = 5;
/** Characters of all recipients together, and of any other list: with all else a line stays below 8 KiB. */
const maxRecipientsChars = 3000;
const maxListChars = 500;
const order = Object.keys(categories);

/**
 * "(id) Passed CLEAN {RelayedOutbound}, ORIGINATING LOCAL [192.0.2.3]:33333 <a@b> -> <c@d>, Message-ID: ..., ..., 12 ms".
 * A mail that reached some recipients and not others yields two lines, as amavisd's does.
 */
export function logLines(outcome: Outcome): readonly string[] {
  const { recipients } = outcome;
  if (recipients.length > 0 && recipients.every(isPassed)) return [line(outcome, "Passed", recipients)];
  const passed = recipients.filter(isPassed);
  const blocked = recipients.filter((recipient) => !isPassed(recipient));
  const lines: string[] = [];
  if (passed.length > 0) lines.push(line(outcome, "Passed", passed));
  lines.push(line(outcome, "Blocked", blocked));
  return lines;
}

export function isPassed({ reply, action }: RecipientOutcome): boolean {
  return isPositive(reply) && action === "accept";
}

function line(outcome: Outcome, word: "Passed" | "Blocked", recipients: readonly RecipientOutcome[]): string {
  const { client } = outcome.session;
  let text = `(${outcome.session.id}) ${word} ${category(outcome, recipients)} {${actions(recipients)}},`;
  if (outcome.bankPath !== "") text += ` ${outcome.bankPath}`;
  if (outcome.originating) text += " LOCAL";
  if (client.address !== undefined) text += ` [${visible(client.address)}]`;
  if (client.address !== undefined && client.port !== undefined) text += `:${visible(client.port)}`;
  if (outcome.oldestPublicAddress !== undefined) text += ` [${outcome.oldestPublicAddress}]`;
  text += ` <${visible(outcome.sender)}> -> ${named(recipients, outcome.leftOut?.[word === "Passed" ? "passed" : "blocked"] ?? 0)}`;
  text += kept(recipients);
  if (outcome.messageId !== "") text += `, Message-ID: ${visible(outcome.messageId)}`;
  text += `, mail_id: ${outcome.mailId}, Hits: ${hits(recipients)}, size: ${outcome.sizeBytes}`;
  if (word === "Passed" && outcome.queuedAs.length > 0)
    text += `, queued_as: ${joined(outcome.queuedAs.map(visible), "/")}`;
  text += testsOf(recipients) + scanned(outcome);
  text += valid(outcome) + failed(outcome);
  // What was made for mail that did not leave nobody ever saw.
  if (word === "Passed") text += made(outcome);
  text += skipped(outcome) + sealed(outcome, word) + survived(outcome);
  text += ruled(recipients) + untold(recipients);
  if (word === "Blocked" && recipients[0] !== undefined) text += `, reply: ${replyText(recipients[0])}`;
  if (outcome.error !== undefined) text += `, error: ${visible(outcome.error)}`;
  return `${text}, ${Math.round(outcome.elapsedMs)} ms`;
}

function named(recipients: readonly RecipientOutcome[], leftOut: number): string {
  let text = "";
  let more = recipients.length + leftOut;
  for (const { address } of recipients.slice(0, maxRecipientsNamed)) {
    const path = `<${visible(address)}>`;
    if (text !== "" && text.length + path.length > maxRecipientsChars) break;
    text += text === "" ? path : `,${path}`;
    more -= 1;
  }
  return more > 0 ? `${text},... (${more} more)` : text;
}

/** amavisd's word for the most important category of these recipients. */
function category({ error }: Outcome, recipients: readonly RecipientOutcome[]): string {
  // Only what broke leaves a mail without recipients.
  let most: Category = error === undefined ? "CC_CLEAN" : "CC_TEMPFAIL";
  let telling: RecipientOutcome | undefined;
  for (const recipient of recipients) {
    const { category: each, minor } = recipient;
    const isHigher = order.indexOf(each) > order.indexOf(most);
    if (!isHigher && (each !== most || minor <= (telling?.minor ?? 0))) continue;
    most = each;
    telling = recipient;
  }
  return telling === undefined ? categories[most] : categoryWord(telling);
}

/** "BAD-HEADER-7", "UNCHECKED-ENCRYPTED", "BANNED (.exe,evil.exe)", "INFECTED (Eicar)". */
export function categoryWord({
  category: each,
  minor,
  content,
}: Pick<RecipientOutcome, "category" | "minor" | "content">): string {
  const word = categories[each];
  if (each === "CC_BADH") return minor > 0 ? `${word}-${minor}` : word;
  if (each === "CC_UNCHECKED") return minor === 1 ? `${word}-ENCRYPTED` : word;
  const names = each === "CC_VIRUS" ? content?.viruses : each === "CC_BANNED" ? content?.banned?.names.slice(0, 1) : [];
  return names === undefined || names.length === 0 ? word : `${word} (${visible(names.join(", "))})`;
}

/** One value, or the range where recipients differ; "-" where nobody was scored. */
function hits(recipients: readonly RecipientOutcome[]): string {
  let least: number | undefined;
  let most: number | undefined;
  for (const { content } of recipients) {
    const score = content?.score?.score;
    if (score === undefined) continue;
    least = least === undefined ? score : Math.min(least, score);
    most = most === undefined ? score : Math.max(most, score);
  }
  if (least === undefined || most === undefined) return "-";
  return most - least < 0.1 ? points(most) : `${points(least)}..${points(most)}`;
}

function points(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** The tests of the first recipient that was scored: those of others differ by lists alone. */
function testsOf(recipients: readonly RecipientOutcome[]): string {
  const tests = recipients.find(({ content }) => content?.score !== undefined)?.content?.score?.tests ?? [];
  return tests.length === 0 ? "" : `, Tests: [${joined(tests.map(visible), ",")}]`;
}

/** Not amavisd's: why a mail is unchecked, scanners that did not answer, verdicts that were remembered. */
function scanned({ scan }: Outcome): string {
  if (scan === undefined) return "";
  const reasons = (scan.unchecked ?? []).map(({ reason }) => reason);
  const failed = failedScanners(scan).map(visible);
  const virus = scan.virus?.cached === true ? ", virus (cached)" : "";
  const spam = scan.spam?.cached === true ? ", spam (cached)" : "";
  return `${told("unchecked", reasons)}${told("scan_fail", failed)}${virus}${spam}`;
}

/** Where copies are: files below the quarantine's folder, or addresses. */
function kept(recipients: readonly RecipientOutcome[]): string {
  if (recipients.every(({ quarantine }) => quarantine.length === 0)) return "";
  const places = new Set(recipients.flatMap(({ quarantine }) => quarantine));
  return `, quarantine: ${joined([...places].map(visible), ",")}`;
}

function actions(recipients: readonly RecipientOutcome[]): string {
  const [first, second] = recipients;
  if (first === undefined) return "TempFailed";
  if (second === undefined && first.notices.length === 0 && first.quarantine.length === 0)
    return `${actionWord(first)}${first.direction}`;
  const words = new Set<string>();
  for (const recipient of recipients) {
    words.add(`${actionWord(recipient)}${recipient.direction}`);
    const dsn = dsnOf(recipient);
    if (dsn !== undefined) words.add(dsn === "sent" ? "Bounced" : "NoBounce");
  }
  if (recipients.some(({ quarantine }) => quarantine.length > 0)) words.add("Quarantined");
  return [...words].join(",");
}

function actionWord(recipient: RecipientOutcome): string {
  if (recipient.action === "discard") return "Discarded";
  if (isTransient(recipient.reply)) return "TempFailed";
  if (!isPositive(recipient.reply)) return "Rejected";
  return recipient.local && recipient.content?.all.some(({ category: each }) => tagging.has(each)) === true
    ? "RelayedTagged"
    : "Relayed";
}

/** Contents that a tag or alert shows to a local recipient. */
const tagging: ReadonlySet<Category> = new Set<Category>(["CC_SPAMMY", "CC_BANNED", "CC_VIRUS"]);

function valid({ verifications }: Outcome): string {
  const names: string[] = [];
  for (const { result, selector, domain } of verifications) {
    if (result === "pass") names.push(`${visible(selector)}:${visible(domain)}`);
  }
  return told("dkim_sd", names);
}

/** Not amavisd's: signatures that do not hold, and why. */
function failed({ verifications }: Outcome): string {
  const names: string[] = [];
  for (const { result, reason, selector, domain } of verifications) {
    if (result !== "pass") names.push(`${visible(selector)}:${visible(domain)}:${reason ?? result}`);
  }
  return told("dkim_fail", names, maxFailuresNamed);
}

function made({ signings }: Outcome): string {
  const names: string[] = [];
  for (const signing of signings) {
    if (signing.result === "signed") names.push(`${signing.selector}:${signing.domain}`);
  }
  return told("dkim_new", names);
}

/** What the configuration asks for is no news. */
const expected = new Set(["not-originating", "signing-disabled"]);

/** Not amavisd's: why mail of ours leaves unsigned. */
function skipped({ signings, recipients }: Outcome): string {
  const reasons: string[] = [];
  for (const signing of signings) {
    if (signing.result !== "skipped") continue;
    // Of mail that stays with us nobody expects it; of mail that leaves, somebody may.
    if (!expected.has(signing.reason) || recipients.some(({ local }) => !local)) reasons.push(signing.reason);
  }
  return told("dkim_skip", reasons);
}

/** ", name=a,b": each once; nothing where there is none. */
function told(name: string, values: readonly string[], most = Number.POSITIVE_INFINITY): string {
  if (values.length === 0) return "";
  if (values.length === 1) return `, ${name}=${values[0]}`;
  const distinct = [...new Set(values)];
  return `, ${name}=${joined(distinct.slice(0, most), ",")}${distinct.length > most ? ",..." : ""}`;
}

/** As many as there is room for. */
function joined(values: readonly string[], separator: string): string {
  const whole = values.join(separator);
  if (whole.length <= maxListChars) return whole;
  const end = whole.lastIndexOf(separator, maxListChars);
  return `${whole.slice(0, end === -1 ? maxListChars : end)}${separator}...`;
}

/** Not amavisd's: the ARC set that was put on, or why there is none where the bank asks for one. */
function sealed({ seal }: Outcome, word: "Passed" | "Blocked"): string {
  if (seal === undefined) return "";
  if (seal.result === "skipped") return `, arc_skip=${seal.reason}`;
  return word === "Passed" ? `, arc_new=${seal.selector}:${seal.domain}` : "";
}

/** Not amavisd's: what was written anew so that a signature survives, and what would break one. */
function survived({ survival }: Outcome): string {
  if (survival === undefined) return "";
  const { result, places } = survival;
  const mended: string[] = [];
  const breaking: string[] = [];
  for (const { at, what, left } of places) {
    if (left !== undefined) breaking.push(`${visible(at)}:${what}:${left}`);
    else if (result === "fixed") mended.push(`${visible(at)}:${what}`);
    else breaking.push(`${visible(at)}:${what}`);
  }
  return told("mended", mended) + told("would_break", breaking);
}

/** Not amavisd's: the rules of ours that spoke. */
function ruled(recipients: readonly RecipientOutcome[]): string {
  const names: string[] = [];
  for (const { rule } of recipients) if (rule !== undefined) names.push(rule);
  return told("rule", names);
}

/** Not amavisd's: why senders got no DSN. */
function untold(recipients: readonly RecipientOutcome[]): string {
  return told("dsn_skip", recipients.flatMap(withheldDsns));
}

function replyText(recipient: RecipientOutcome): string {
  return `${recipient.reply.code} ${recipient.reply.enhanced} ${cut(recipient.reply.text)}`;
}

/**
 * Text of mail's making on one line: controls, the C1 range, line separators and what flips the direction of text
 * become "?", the length is bounded. Octets of addresses are latin1 here, so anything above "~" is replaced.
 */
export function visible(text: string): string {
  const shown = cut(text);
  return /^[\x20-\x7e]*$/.test(shown) ? shown : shown.replace(/[^\x20-\x7e]/g, "?");
}

function cut(text: string): string {
  return text.length > maxFieldChars ? `${text.slice(0, maxFieldChars)}...` : text;
}
