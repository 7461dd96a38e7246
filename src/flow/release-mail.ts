// Sends a mail that was kept to those who did not get it, because somebody asked for that: as it came, marked by Resent
// fields (RFC 5322 section 3.6.6), not signed by us, and once.
import { createHash, timingSafeEqual } from "node:crypto";
import { digestBody } from "../mail/body-digest.ts";
import { encodeDisplayName } from "../mail/encoded-word.ts";
import { errorText } from "../mail/error-text.ts";
import type { Message } from "../mail/message.ts";
import type { QuarantineRow } from "../mail/quarantine-row.ts";
import { readSenderName } from "../mail/sender-name.ts";
import type { QuarantineFiles } from "../quarantine/files.ts";
import type { PassTokens } from "../quarantine/pass-token.ts";
import type { QuarantineIndex } from "../quarantine/quarantine-index.ts";
import { readCopy } from "../quarantine/read-copy.ts";
import { isMarkedReleased, markReleased, unmarkReleased } from "../quarantine/release-mark.ts";
import { type ReleaseFormat, releasedMessage, withTopField } from "./release-format.ts";
import type { OwnMailResult } from "./submit-own.ts";

export interface ReleaseRequest {
  /** A mail_id, or the name of a file. */
  readonly id: string;
  readonly secretId?: string;
  /** Instead of those who did not get it. */
  readonly to?: readonly string[];
  /** Though it was released before. */
  readonly again: boolean;
}

/**
 * What came of it:
 * - "not-found": no copy of that name is there;
 * - "denied": the secret is missing or wrong (auth_required_release);
 * - "already-released": and nobody said again;
 * - "unreadable": its file is damaged or gone;
 * - "refused", "put-off": by the next hop, before anything was sent;
 * - "failed": something broke on our side.
 */
export type ReleaseResult =
  | "released"
  | "not-found"
  | "denied"
  | "already-released"
  | "unreadable"
  | "refused"
  | "put-off"
  | "failed";

export interface ReleaseAnswer {
  readonly result: ReleaseResult;
  readonly name?: string;
  readonly mailId?: string;
  readonly recipients?: readonly string[];
  /** Epoch, milliseconds: the time before. */
  readonly releasedAt?: number;
  readonly detail?: string;
}

/** A mail to be sent; the caller knows the next hops. */
export interface ReleasedMail {
  readonly sender: string;
  readonly parameters: string;
  readonly recipients: readonly string[];
  readonly message: Message;
}

export interface ReleaseNeeds {
  readonly index: Pick<QuarantineIndex, "list" | "released">;
  readonly files: QuarantineFiles;
  submit(mail: ReleasedMail): Promise<OwnMailResult>;
  /** Of this quarantine: the mail passes where its way leads past us. */
  readonly passTokens?: PassTokens | undefined;
  readonly settings: {
    readonly auth_required_release: boolean;
    readonly release_format: ReleaseFormat;
    readonly myhostname: string;
    /** The From of what we send, as a field has it. */
    readonly from: string;
  };
  /** Epoch, milliseconds. */
  now(): number;
}

/** The From of what we send on somebody's word: hdrfrom_notify_release, else as that of our notices. */
export function releaseFrom({
  hdrfrom_notify_release,
  myhostname,
}: {
  readonly hdrfrom_notify_release: string | null;
  readonly myhostname: string;
}): string {
  const { name, address } = readSenderName(hdrfrom_notify_release ?? "", myhostname) ?? {
    name: `Content-filter at ${myhostname}`,
    address: `postmaster@${myhostname}`,
  };
  return name === "" ? address : `${encodeDisplayName(name)} <${address}>`;
}

/** Copies of one mail at different places; more is not one mail. */
const maxCopies = 20;

/** Never rejects. */
export async function releaseMail(request: ReleaseRequest, needs: ReleaseNeeds): Promise<ReleaseAnswer> {
  try {
    return await release(request, needs);
  } catch (error) {
    return { result: "failed", detail: errorText(error) };
  }
}

async function release({ id, secretId, to, again }: ReleaseRequest, needs: ReleaseNeeds): Promise<ReleaseAnswer> {
  const { index, files, settings, now } = needs;
  const listed = await index.list({ id, states: ["kept", "released"] }, maxCopies);
  const copies = [...listed.filter(isQuarantined), ...listed.filter((each) => !isQuarantined(each))];
  const [copy] = copies;
  if (copy === undefined) return { result: "not-found" };
  const { name, mailId } = copy;
  if (settings.auth_required_release && !isSecretOf(copy, secretId)) return { result: "denied", name, mailId };
  const all = to ?? recipientsOf(copies);

  const before: QuarantineRow[] = [];
  if (!again) for (const each of copies) if (await isMarkedReleased(files, each)) before.push(each);
  // A copy at another place, for others, is no reason to keep it from these.
  const served = new Set(before.length === 0 ? [] : to === undefined ? recipientsOf(before) : all);
  const recipients = all.filter((each) => !served.has(each));
  const unmarked = copies.filter((each) => !before.includes(each));
  const alreadyReleased = (): ReleaseAnswer => {
    const releasedAt = before.find((each) => each.releasedAt !== undefined)?.releasedAt ?? copy.releasedAt;
    const about = { name, mailId, recipients: all };
    return { result: "already-released", ...about, ...(releasedAt === undefined ? {} : { releasedAt }) };
  };
  if (recipients.length === 0) return alreadyReleased();

  const nowMs = now();
  const marked: QuarantineRow[] = [];
  try {
    for (const each of unmarked) {
      if (await markReleased(files, each, `${JSON.stringify({ at: nowMs, to: recipients })}\n`)) marked.push(each);
      // Somebody else is releasing it.
      else if (!again && each === unmarked[0]) return alreadyReleased();
    }
    const answer = await send(copies, recipients, nowMs, needs);
    if (answer.result !== "released") await unmark();
    else for (const each of unmarked) await index.released(each, nowMs);
    return { ...answer, name, mailId, recipients };
  } catch (error) {
    await unmark();
    throw error;
  }

  async function unmark(): Promise<void> {
    for (const each of marked) await unmarkReleased(files, each);
  }
}

async function send(
  copies: readonly QuarantineRow[],
  recipients: readonly string[],
  nowMs: number,
  { submit, passTokens, settings }: ReleaseNeeds,
): Promise<ReleaseAnswer> {
  const stored = await readOneOf(copies);
  if ("problem" in stored) return { result: "unreadable", detail: stored.problem };
  const [{ mailId = "" } = {}] = copies;
  const { release_format: format, myhostname, from } = settings;
  const leaves = releasedMessage(format, stored.message, { mailId, nowMs, myhostname, from, recipients });
  const pass = passTokens?.field(mailId, await digestBody(leaves.body), nowMs);
  const result = await submit({
    // What is not the mail itself is ours.
    sender: format === "resend" ? stored.head.sender : "",
    parameters: withUtf8(stored.parameters, recipients),
    recipients,
    message: pass === undefined ? leaves : withTopField(leaves, pass),
  });
  return { result: result === "sent" ? "released" : result };
}

/** They are of one mail: where a file is damaged or gone another one does. With none, the problem of the first. */
async function readOneOf(copies: readonly QuarantineRow[]): Promise<Awaited<ReturnType<typeof readCopy>>> {
  let problem: string | undefined;
  for (const { folder, name } of copies) {
    const stored = await readCopy(`${folder}/${name}`);
    if (!("problem" in stored)) return stored;
    problem ??= stored.problem;
  }
  return { problem: problem ?? "no copy" };
}

/** RFC 6531 section 3.1: others than the first recipients may have addresses that cannot be said without it. */
function withUtf8(parameters: string, recipients: readonly string[]): string {
  if (recipients.every((each) => /^[\x00-\x7f]*$/.test(each)) || /(?:^| )SMTPUTF8(?: |$)/i.test(parameters)) {
    return parameters;
  }
  return parameters === "" ? "SMTPUTF8" : `${parameters} SMTPUTF8`;
}

function isQuarantined({ purpose }: QuarantineRow): boolean {
  return purpose === "quarantine";
}

/** Files of amavisd have no secret that we know; who can ask may have them. */
function isSecretOf({ secretId }: QuarantineRow, given: string | undefined): boolean {
  if (secretId === "") return true;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(secretId), digest(given));
}

/** Those who did not get it, else all. */
function recipientsOf(copies: readonly QuarantineRow[]): readonly string[] {
  const blocked = new Set(copies.flatMap((copy) => copy.blocked));
  return [...(blocked.size > 0 ? blocked : new Set(copies.flatMap((copy) => copy.recipients)))];
}
