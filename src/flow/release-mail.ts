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
import { markReleased, unmarkReleased } from "../quarantine/release-mark.ts";
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
  const { index, files, submit, settings, now, passTokens } = needs;
  const copies = await index.list({ id, states: ["kept", "released"] }, maxCopies);
  const [copy] = copies.filter(({ purpose }) => purpose === "quarantine").concat(copies);
  if (copy === undefined) return { result: "not-found" };
  const { name, mailId } = copy;
  if (settings.auth_required_release && !isSecretOf(copy, secretId)) return { result: "denied", name, mailId };
  const recipients = to ?? recipientsOf(copies);
  const about = { name, mailId, recipients };

  const nowMs = now();
  const isFirst = await markReleased(files, copy, `${JSON.stringify({ at: nowMs, to: recipients })}\n`);
  if (!isFirst && !again) {
    const { releasedAt } = copy;
    return { result: "already-released", ...about, ...(releasedAt === undefined ? {} : { releasedAt }) };
  }
  const unmark = async () => {
    if (isFirst) await unmarkReleased(files, copy);
  };
  const stored = await readCopy(`${copy.folder}/${name}`);
  if ("problem" in stored) {
    await unmark();
    return { result: "unreadable", ...about, detail: stored.problem };
  }
  const { release_format: format, myhostname, from } = settings;
  const leaves = releasedMessage(format, stored.message, { mailId, nowMs, myhostname, from, recipients });
  const pass = passTokens?.field(mailId, await digestBody(leaves.body), nowMs);
  const result = await submit({
    // What is not the mail itself is ours.
    sender: format === "resend" ? stored.head.sender : "",
    parameters: stored.parameters,
    recipients,
    message: pass === undefined ? leaves : withTopField(leaves, pass),
  });
  if (result !== "sent") {
    await unmark();
    return { result, ...about };
  }
  await index.released(copy, nowMs);
  return { result: "released", ...about };
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
