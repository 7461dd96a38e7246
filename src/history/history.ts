// What became of past mails: the last ones in memory, with everything an explanation needs, and those before them in
// a file, if one is kept.

import { encodeUtf8 } from "../mail/domain.ts";
import { type Explanation, explainOutcome } from "../outcome/explain.ts";
import { explanationLines } from "../outcome/explain-text.ts";
import { logLines } from "../outcome/log-line.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { type MailRecord, mailRecord } from "../outcome/record.ts";
import type { HistoryFile } from "./file.ts";
import { mailLines } from "./mail-text.ts";
import { comparable, isNamed, namesOf } from "./names.ts";
import { Ring } from "./ring.ts";

/** One mail told to whoever asked. */
export interface PastMail {
  readonly record: MailRecord;
  /** Only for mails still in memory: it is worked out from the bank they met. */
  readonly explanation?: Explanation;
  readonly text: readonly string[];
}

export interface History {
  add(outcome: Outcome): void;
  resize(size: number): void;
  /** Mails by one of their names, newest first, at most `maxFound`. */
  find(name: string): Promise<readonly PastMail[]>;
  /** Log lines with their time, oldest first; `match` is a part of the line. */
  recent(limit: number, match?: string): Promise<readonly { readonly time: string; readonly line: string }[]>;
  close(): Promise<void>;
}

const maxFound = 20;
/** Mails looked at before others get their turn: a search must not hold up mail. */
const mailsPerTurn = 5000;

export function createHistory(size: number, file?: HistoryFile): History {
  const ring = new Ring<Outcome>(size);

  async function* inMemory(): AsyncGenerator<Outcome> {
    let seen = 0;
    for (const outcome of ring.newestFirst()) {
      seen += 1;
      if (seen % mailsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      yield outcome;
    }
  }

  return {
    add(outcome) {
      ring.add(outcome);
      file?.add({
        at: outcome.receivedAtMs,
        names: namesOf(outcome),
        line: logLines(outcome).join("\n"),
        record: JSON.stringify(mailRecord(outcome)),
      });
    },
    resize: (size) => ring.resize(size),
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
  const explanation = explainOutcome(outcome);
  const details = explanationLines(explanation).map((line) => `  ${line}`);
  return { record, explanation, text: [...mailLines(record), "why:", ...details] };
}
