// Copies for quarantine and archive, before anything leaves or is refused: a mail that owes one gets its 250 when it is on
// disk, or with the server of its address.
import { isAscii } from "node:buffer";
import { LRUCache } from "lru-cache";
import { formatAuthenticationResults } from "../../authres/print.ts";
import { digestBody } from "../../mail/body-digest.ts";
import { noEditsOf, print, withFields } from "../../mail/edit.ts";
import { asBuffer, splitHeader } from "../../mail/header.ts";
import type { Path } from "../../mail/transaction.ts";
import { categories, type Decision, refused } from "../../policy/decision.ts";
import type { CopyToKeep, KeepCopies, KeptCopy } from "../../quarantine/keep-copies.ts";
import { digestMail } from "../../quarantine/mail-digest.ts";
import type { PassTokens } from "../../quarantine/pass-token.ts";
import { type CopyShare, type PlaceSettings, planCopies, resolvePlace } from "../../quarantine/place.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { JudgedMail } from "../mail.ts";
import type { OwnMailResult, SubmitOwn } from "../submit-own.ts";
import { copyFields } from "./copy-fields.ts";
import { fixedNextHops } from "./next-hops.ts";

export interface KeepNeedsOfFlow {
  readonly keepCopies: KeepCopies;
  readonly submitOwn: SubmitOwn;
  /** Next hops of copies for mail addresses: notify_method of the bank in force. */
  notifyHops(mail: JudgedMail): readonly NextHop[];
  readonly settings: Pick<PlaceSettings, "QUARANTINEDIR" | "quarantine_subdir_levels">;
  /** For copies that go by mail: they pass where their way leads past us. */
  passTokens?(): PassTokens | undefined;
  readonly messageTimeMs: number;
  /** Epoch, milliseconds. */
  now(): number;
  /** What became of a mail's copies, for metrics: "repeated" where all of them were there already. */
  observe?(result: "kept" | "repeated" | "disk-full" | "failed"): void;
  /** Why copies are not kept, for the log. */
  onTrouble(logId: string, detail: string): void;
}

const notKept: Reply = {
  code: 451,
  enhanced: "4.3.0",
  text: "A copy of the mail cannot be kept, please try again later",
};
const diskFull: Reply = { code: 452, enhanced: "4.3.1", text: "Insufficient system storage" };

/** As long as an MTA tries (maximal_queue_lifetime); of this process alone. */
const mailedMs = 5 * 86_400_000;
const maxMailed = 10_000;

export function createKeep(needs: KeepNeedsOfFlow) {
  const { keepCopies, settings, onTrouble } = needs;
  /** Copies that are with their address, by what they are of. */
  const mailed = new LRUCache<string, true>({ max: maxMailed, ttl: mailedMs });

  return function keep(mail: JudgedMail, decisions: readonly Decision[]) {
    // Most mail owes nothing.
    if (decisions.every(({ owed }) => owed.copies.length === 0)) return decisions;
    // The client will send the mail again for all: copies are made when it is accepted.
    const { protocol } = mail.transaction.session;
    if (protocol !== "LMTP" && decisions.some(({ action }) => action === "tempfail")) return decisions;
    return keepAll(mail, decisions);
  };

  async function keepAll(mail: JudgedMail, decisions: readonly Decision[]): Promise<readonly Decision[]> {
    const logId = mail.transaction.session.id;
    const { shares, problem } = sharesOf(mail, decisions);
    const copies = planCopies(shares).map((copy) => ({ ...copy, fields: fieldsFor(copy.recipients, mail, decisions) }));
    if (problem !== undefined) return putOffOwing(decisions, notKept, logId, problem);
    const result = await keepCopies(mailToKeep(mail, decisions), copies);
    if ("failure" in result) {
      const { reason, detail } = result.failure;
      return putOffOwing(decisions, reason === "disk-full" ? diskFull : notKept, logId, detail);
    }
    for (const copy of result.kept) {
      if (copy.kind === "file") continue;
      const sent = await submitOnce(mail, copy);
      if (sent !== "sent") return putOffOwing(decisions, notKept, logId, `${copy.to}: ${sent} by the next hop`);
    }
    const isRepeated = result.kept.length > 0 && result.kept.every((copy) => copy.kind === "file" && copy.isRepeated);
    if (result.kept.length > 0) needs.observe?.(isRepeated ? "repeated" : "kept");
    return decisions.map((decision, index) => {
      const address = addressOf(mail, index);
      const copiesOf = result.kept.filter(({ recipients }) => recipients.includes(address));
      if (copiesOf.length === 0) return decision;
      const places = { quarantine: copiesOf.map(placeOf) };
      const copiesId = earlierId(copiesOf);
      return copiesId === undefined ? { ...decision, ...places } : { ...decision, ...places, copiesId };
    });
  }

  function putOffOwing(
    decisions: readonly Decision[],
    reply: Reply,
    logId: string,
    detail: string,
  ): readonly Decision[] {
    needs.observe?.(reply === diskFull ? "disk-full" : "failed");
    onTrouble(logId, detail);
    return decisions.map((decision) =>
      decision.owed.copies.length === 0 ? decision : refused("not-kept", "tempfail", reply),
    );
  }

  function sharesOf(
    mail: JudgedMail,
    decisions: readonly Decision[],
  ): { readonly shares: readonly CopyShare[]; readonly problem: string | undefined } {
    const places = { ...settings, local_delivery_aliases: mail.bank.local_delivery_aliases };
    const shares: CopyShare[] = [];
    let problem: string | undefined;
    for (const [index, { owed, action }] of decisions.entries()) {
      for (const { purpose, category, method, to } of owed.copies) {
        const resolved = resolvePlace(method, to, places);
        if ("problem" in resolved) problem ??= resolved.problem;
        else if (resolved.place !== undefined) {
          const { place } = resolved;
          shares.push({ purpose, category, place, recipient: addressOf(mail, index), blocked: action !== "accept" });
        }
      }
    }
    return { shares: shares.sort((one, other) => rankOf(other.category) - rankOf(one.category)), problem };
  }

  /** A mail that comes again, as after a 4xx of the next hop, has its copy at the address already. */
  async function submitOnce(mail: JudgedMail, copy: KeptCopy & { readonly kind: "mail" }): Promise<OwnMailResult> {
    const { message, envelope } = mail.transaction;
    const body = await digestBody(message.body);
    const { purpose, category, recipients, to } = copy;
    const digest = digestMail(
      { message, bodyDigest: asBuffer(body).toString("hex"), sender: envelope.sender.address },
      { purpose, category, recipients, deliveredTo: to },
    );
    if (mailed.get(digest) !== undefined) return "sent";
    const sent = await submit(mail, copy, body);
    if (sent === "sent") mailed.set(digest, true);
    return sent;
  }

  function submit(
    mail: JudgedMail,
    { to, method, fields }: KeptCopy & { readonly kind: "mail" },
    body: Uint8Array,
  ): Promise<OwnMailResult> {
    const { bank, transaction, mailId } = mail;
    const { envelope, message, arrivedMs } = transaction;
    const tokens = needs.passTokens?.();
    const pass = tokens === undefined ? [] : [tokens.field(mailId, body, needs.now())];
    const { header } = print(message, withFields([...pass, ...fields], noEditsOf(message.header)), "shared");
    const sender = bank.mailfrom_to_quarantine ?? envelope.sender.address;
    const isUtf8 =
      !isAscii(Buffer.from(`${sender}${to}`, "latin1")) || /(?:^| )SMTPUTF8(?: |$)/i.test(envelope.sender.parameters);
    return needs.submitOwn({
      kind: "quarantine",
      envelope: {
        sender: { address: sender, parameters: [...body8(envelope.sender), ...(isUtf8 ? ["SMTPUTF8"] : [])].join(" ") },
        recipients: [{ address: to, parameters: "NOTIFY=NEVER" }],
      },
      message: { ...message, header, ...splitHeader(header) },
      bank,
      nextHops: method === undefined ? needs.notifyHops(mail) : fixedNextHops([method]).flat(),
      writtenAtMs: needs.now(),
      deadlineMs: arrivedMs + needs.messageTimeMs,
    });
  }
}

/** What MAIL FROM said of the octets (RFC 6152): the copy has the same. */
function body8({ parameters }: Path): readonly string[] {
  return parameters.split(" ").filter((word) => /^BODY=8BITMIME$/i.test(word));
}

const ranks: readonly string[] = Object.keys(categories);

function rankOf(category: string): number {
  return ranks.indexOf(category);
}

function addressOf({ transaction }: JudgedMail, index: number): string {
  return transaction.envelope.recipients[index]?.address ?? "";
}

function placeOf(copy: KeptCopy): string {
  return copy.kind === "file" ? copy.name : copy.to;
}

/** Undefined where one of them is new, and has the mail's own name. */
function earlierId(copies: readonly KeptCopy[]): string | undefined {
  const ids = copies.map((copy) => (copy.kind === "file" && copy.isRepeated ? copy.mailId : undefined));
  return ids.includes(undefined) ? undefined : ids[0];
}

function mailToKeep({ transaction, mailId, bank }: JudgedMail, decisions: readonly Decision[]) {
  const { session, envelope, message, receivedAtMs } = transaction;
  const contents = decisions.flatMap(({ content }) => content ?? []);
  const scores = contents.flatMap(({ score }) => score?.score ?? []);
  return {
    mailId,
    logId: session.id,
    partitionTag: String(bank.partition_tag ?? ""),
    receivedAtMs,
    message,
    sender: envelope.sender.address,
    parameters: envelope.sender.parameters,
    ...(scores.length === 0 ? {} : { score: Math.max(...scores) }),
    found: [
      ...new Set(
        contents.flatMap(({ viruses, banned, headerFaults }) => [
          ...viruses,
          ...(banned?.names ?? []),
          ...headerFaults,
        ]),
      ),
    ],
  };
}

/** What was decided for the first of its recipients that does not get the mail, else for the first. */
function fieldsFor(
  recipients: readonly string[],
  mail: JudgedMail,
  decisions: readonly Decision[],
): CopyToKeep["fields"] {
  const theirs = decisions.filter((_, index) => recipients.includes(addressOf(mail, index)));
  const decision = theirs.find(({ action }) => action !== "accept") ?? theirs[0];
  const { bank, facts } = mail;
  const results =
    facts.findings.length === 0
      ? []
      : [formatAuthenticationResults(bank.myauthservid ?? bank.myhostname, facts.findings)];
  return [...copyFields(decision?.content), ...results];
}
