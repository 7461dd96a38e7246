// What became of past mails: the last ones in memory, with everything an explanation needs, and those before them in
// a file, if one is kept.

import { type Explanation, explainOutcome } from "../flow/outcome/explain.ts";
import { explanationLines } from "../flow/outcome/explain-text.ts";
import { type KeptMail, openKept, type SharedWithOthers } from "../flow/outcome/kept.ts";
import { logLines } from "../flow/outcome/log-line.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import { type MailRecord, mailRecord } from "../flow/outcome/record.ts";
import { encodeUtf8 } from "../mail/domain.ts";
import { jsonText } from "../mail/json-text.ts";
import type { HistoryFile } from "./file.ts";
import { mailLines } from "./mail-text.ts";
import { comparable, isNamed, namesOf } from "./names.ts";
import { Ring, type RingLimits } from "./ring.ts";

/** One mail told to whoever asked. */
export interface PastMail {
  readonly record: MailRecord;
  /** Only for mails still in memory: it is worked out from the bank they met. */
  readonly explanation?: Explanation;
  readonly text: readonly string[];
}

export interface History {
  add(mail: KeptMail): void;
  /** What is in memory: mails, and the octets that they take. */
  readonly inMemory: { readonly mails: number; readonly octets: number };
  resize(size: number): void;
  /** Mails by one of their names, newest first, at most `maxFound`. */
  find(name: string): Promise<readonly PastMail[]>;
  /** Log lines with their time, oldest first; `match` is a part of the line. */
  recent(limit: number, match?: string): Promise<readonly { readonly time: string; readonly line: string }[]>;
  close(): Promise<void>;
}

const maxFound = 20;
/** Recipients of a mail for whom it is told what each map yields: dozens of maps may say something of each. */
const maxExplained = 10;
/** Mails looked at before others get their turn: a search must not hold up mail. */
const mailsPerTurn = 200;

/** What a mail may take on an average: an ordinary one takes two thousand, one as large as can be 24. */
const octetsPerMail = 8192;
/** However few mails are kept. */
const leastOctets = 1024 * 1024;
/** What a mail costs beside its text. */
const overheadOctets = 200;

/** A mail in memory: one text is a tenth of the work to the garbage collector that an Outcome is, and its size is known. */
interface Entry extends SharedWithOthers {
  readonly text: string;
}

function limitsOf(size: number): RingLimits {
  return { items: size, octets: Math.max(leastOctets, octetsPerMail * size) };
}

export function createHistory(size: number, file?: HistoryFile): History {
  const ring = new Ring<Entry>(limitsOf(size));

  async function* inMemory(): AsyncGenerator<Outcome> {
    let seen = 0;
    for (const { text, ...shared } of ring.newestFirst()) {
      seen += 1;
      if (seen % mailsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      yield openKept(text, shared);
    }
  }

  return {
    add({ outcome, text }) {
      const { evidence, loaded } = outcome;
      ring.add({ text, bank: evidence.bank, loaded }, text.length + overheadOctets);
      file?.add({
        at: outcome.receivedAtMs,
        names: namesOf(outcome),
        line: logLines(outcome).join("\n"),
        record: jsonText(mailRecord(outcome)),
      });
    },
    get inMemory() {
      return { mails: ring.length, octets: ring.octets };
    },
    resize: (size) => ring.resize(limitsOf(size)),
    async find(name) {
      const wanted = comparable(encodeUtf8(name));
      const found: PastMail[] = [];
      for await (const outcome of inMemory()) {
        if (isNamed(outcome, wanted)) found.push(told(outcome));
        if (found.length >= maxFound) return found;
      }
      if (file === undefined) return found;
      const known = new Set(found.map(({ record }) => record.mail_id));
      for (const text of await file.find(wanted, maxFound)) {
        // Written by ourselves, in the shape of this release: the file is begun anew when that changes.
        const record: MailRecord = JSON.parse(text);
        if (known.has(record.mail_id) || found.length >= maxFound) continue;
        found.push({ record, text: mailLines(record) });
      }
      return found;
    },
    async recent(limit, match = "") {
      const lines: { time: string; line: string }[] = [];
      /** What the file has of the mails in memory: not all that came later ended later, so no time parts the two. */
      const known = new Set<string>();
      for await (const outcome of inMemory()) {
        if (lines.length >= limit) break;
        const time = new Date(outcome.receivedAtMs).toISOString();
        const ofMail = logLines(outcome);
        if (file !== undefined) known.add(`${outcome.receivedAtMs} ${ofMail.join("\n")}`);
        for (const line of ofMail) if (line.includes(match)) lines.push({ time, line });
      }
      if (file !== undefined && lines.length < limit) {
        for (const { at, line } of await file.recent(limit - lines.length + known.size, match)) {
          if (!known.has(`${at} ${line}`)) lines.push({ time: new Date(at).toISOString(), line });
        }
      }
      return lines.slice(0, limit).reverse();
    },
    close: async () => file?.close(),
  };
}

function told(outcome: Outcome): PastMail {
  const record = mailRecord(outcome);
  const recipients = outcome.recipients.slice(0, maxExplained);
  const explanation = explainOutcome({ ...outcome, recipients });
  const details = explanationLines(explanation).map((line) => `  ${line}`);
  return { record, explanation, text: [...mailLines(record), "why:", ...details] };
}
