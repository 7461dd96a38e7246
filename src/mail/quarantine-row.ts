// A copy in quarantine as its index has it, and what is asked of the index: plain data that survives a structured clone.

/** kept: there and never released. deleted: the file is gone. */
export type CopyState = "kept" | "released" | "deleted";

export interface QuarantineRow {
  /** The folder of the quarantine it lies in. */
  readonly folder: string;
  /** Its file, seen from that folder: "t/banned-t5bDoRaO1a6J". Log lines have it after "quarantine:". */
  readonly name: string;
  readonly mailId: string;
  /** Who knows it may have the copy released. "" for files that others wrote: nobody knows theirs. */
  readonly secretId: string;
  /** Epoch, milliseconds: when the mail came. */
  readonly at: number;
  /** "quarantine", or "archive" for a copy of every mail. */
  readonly purpose: string;
  /** amavisd's name of the contents category; CC_CLEAN for an archived copy of clean mail. */
  readonly category: string;
  /** As in MAIL FROM, one character per octet; "" is the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Those of them that did not get the mail. */
  readonly blocked: readonly string[];
  /** Decoded and cut, for people. */
  readonly subject: string;
  /** Octets of the file. */
  readonly size: number;
  readonly score?: number;
  /** Names of viruses, banned names, header faults. */
  readonly found: readonly string[];
  /** The same for the same mail, brought again: see `digestMail`. "" for files that others wrote. */
  readonly digest: string;
  readonly state: CopyState;
  /** Epoch, milliseconds; once it was released. */
  readonly releasedAt?: number;
  readonly deletedAt?: number;
}

/** Which copies are meant; all that is given must hold. */
export interface QuarantineFilter {
  /** The mail_id, or the name of the file, or that as a log line has it. */
  readonly id?: string;
  /** Parts of addresses and words, whatever their case. */
  readonly sender?: string;
  readonly recipient?: string;
  readonly subject?: string;
  readonly category?: string;
  /** Epoch, milliseconds; `since` itself is in, `before` is not. */
  readonly since?: number;
  readonly before?: number;
  readonly states?: readonly CopyState[];
}
