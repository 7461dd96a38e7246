// Keeps copies of a mail before it goes on or is refused: what is owed to a folder is on disk when this ends well, what is
// owed to a mail address is given back for the flow to send.
import { digestBody } from "../mail/body-digest.ts";
import { asBuffer, fieldBody } from "../mail/header.ts";
import { createMailId } from "../mail/mail-id.ts";
import type { Message } from "../mail/message.ts";
import { type CopyFacts, envelopeFields, fileFields, shownSubject } from "../mail/quarantine-head.ts";
import type { QuarantineRow } from "../mail/quarantine-row.ts";
import { expandTemplate, subFolder } from "./file-name.ts";
import type { QuarantineFiles } from "./files.ts";
import { digestMail } from "./mail-digest.ts";
import type { CopyPurpose, FolderPlace, MailPlace, PlannedCopy } from "./place.ts";
import type { QuarantineIndex } from "./quarantine-index.ts";
import { type KeepFailure, keepFailure, writeCopy } from "./write-copy.ts";

/** What is said of a mail whose copies are kept. */
export interface MailToKeep {
  readonly mailId: string;
  readonly logId: string;
  readonly partitionTag: string;
  /** Epoch, milliseconds. */
  readonly receivedAtMs: number;
  readonly message: Message;
  /** Without angle brackets, one character per octet. */
  readonly sender: string;
  /** Of MAIL FROM. */
  readonly parameters: string;
  readonly score?: number;
  /** Names of viruses, banned names, header faults: for lists. */
  readonly found: readonly string[];
}

/** A copy, with the fields of its decision (X-Amavis-Alert, X-Spam-Status): each ends in CRLF. */
export interface CopyToKeep extends PlannedCopy {
  readonly fields: readonly string[];
}

export type KeptCopy =
  | {
      readonly kind: "file";
      readonly purpose: CopyPurpose;
      readonly category: string;
      readonly folder: string;
      /** Seen from the folder: "t/banned-t5bDoRaO1a6J". */
      readonly name: string;
      /** That of the copy: the mail's own, or that of the time before when the same mail was kept already. */
      readonly mailId: string;
      readonly isRepeated: boolean;
      readonly recipients: readonly string[];
    }
  | {
      readonly kind: "mail";
      readonly purpose: CopyPurpose;
      readonly category: string;
      readonly to: string;
      /** smtp: or lmtp:; absent: by notify_method. */
      readonly method?: string;
      /** To put on top of the mail, which is then to be submitted to `to`. */
      readonly fields: readonly string[];
      readonly recipients: readonly string[];
    };

export type Kept = { readonly kept: readonly KeptCopy[] } | { readonly failure: KeepFailure };

export type KeepCopies = (mail: MailToKeep, copies: readonly CopyToKeep[]) => Promise<Kept>;

export interface KeepNeeds {
  readonly files: QuarantineFiles;
  readonly index: Pick<QuarantineIndex, "add" | "sameMail">;
  /** For how long a mail that comes again finds its copy. */
  readonly repeatWindowMs: number;
}

/** Names and their length that the index has of one mail. */
const maxFound = 20;
const maxFoundChars = 200;

/**
 * Never rejects. With a failure nothing may be answered 250 that owes one of the copies; those that were written before
 * it stay, and the mail finds them when it comes again.
 */
export function createKeepCopies({ files, index, repeatWindowMs }: KeepNeeds): KeepCopies {
  return async function keepCopies(mail, copies) {
    try {
      const kept: KeptCopy[] = [];
      let bodyDigest: string | undefined;
      for (const copy of copies) {
        const { place } = copy;
        if (place.kind === "mail") {
          kept.push(mailed(mail, copy, place));
          continue;
        }
        bodyDigest ??= asBuffer(await digestBody(mail.message.body)).toString("hex");
        const result = await keepFile(mail, copy, place, bodyDigest);
        if ("reason" in result) return { failure: result };
        kept.push(result);
      }
      return { kept };
    } catch (error) {
      return { failure: keepFailure(error) };
    }
  };

  async function keepFile(
    mail: MailToKeep,
    copy: CopyToKeep,
    place: FolderPlace,
    bodyDigest: string,
  ): Promise<KeptCopy | KeepFailure> {
    const { mailId, message, sender, receivedAtMs } = mail;
    const { purpose, category, recipients, blocked } = copy;
    const said = { kind: "file", purpose, category, recipients } as const;
    const { folder, deliveredTo } = place;
    const digest = digestMail({ message, bodyDigest, sender }, { purpose, category, recipients, deliveredTo });
    const before = await earlierCopy(digest, folder, receivedAtMs);
    if (before !== undefined) {
      return { ...said, folder, name: before.name, mailId: before.mailId, isRepeated: true };
    }
    const facts = factsOf(mail, copy, digest);
    const { parameters: _, ...ofTheIndex } = facts;
    const head = { mailId, sender, recipients, blocked };
    const values = { mailId, logId: mail.logId, bodyDigest, receivedAtMs, partitionTag: mail.partitionTag };
    const written = await writeCopy(files, {
      folder,
      name: subFolder(mailId, place.subFolderLevels) + expandTemplate(place.template, values),
      mailId,
      fields: fileFields(head, facts, deliveredTo, copy.fields),
      message,
    });
    if ("reason" in written) return written;
    const { name, size } = written;
    index.add({ folder, name, ...head, ...ofTheIndex, subject: subjectOf(message), size, state: "kept" });
    return { ...said, folder, name, mailId, isRepeated: false };
  }

  /** The index may be wrong; a copy counts when its file is there. */
  async function earlierCopy(digest: string, folder: string, at: number): Promise<QuarantineRow | undefined> {
    for (const row of await index.sameMail(digest, at - repeatWindowMs)) {
      if (row.folder !== folder) continue;
      const size = await files.sizeOf(`${folder}/${row.name}`);
      if (size !== undefined && size === row.size) return row;
    }
    return undefined;
  }
}

function factsOf(
  { receivedAtMs, parameters, score, found }: MailToKeep,
  { purpose, category }: CopyToKeep,
  digest: string,
): CopyFacts {
  return {
    at: receivedAtMs,
    purpose,
    category,
    secretId: createMailId(),
    digest,
    ...(score === undefined ? {} : { score }),
    found: found.slice(0, maxFound).map((name) => name.slice(0, maxFoundChars)),
    parameters: parameters
      .split(" ")
      .filter((word) => /^(?:BODY=8BITMIME|SMTPUTF8)$/i.test(word))
      .join(" "),
  };
}

function mailed(mail: MailToKeep, copy: CopyToKeep, { deliveredTo, method }: MailPlace): KeptCopy {
  const { purpose, category, recipients, blocked, fields } = copy;
  const head = { mailId: mail.mailId, sender: mail.sender, recipients, blocked };
  return {
    kind: "mail",
    purpose,
    category,
    to: deliveredTo,
    ...(method === undefined ? {} : { method }),
    fields: [...envelopeFields(head), ...fields],
    recipients,
  };
}

function subjectOf({ fields }: Message): string {
  const field = fields.find(({ name }) => name === "subject");
  return field === undefined ? "" : shownSubject(fieldBody(field.raw));
}
