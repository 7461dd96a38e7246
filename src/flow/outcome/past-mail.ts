// A mail of the past as the history keeps it and shows it: one text in memory, a row in the file, lines for a terminal.
import type { OpenMail, PastMailReader } from "../../history/history.ts";
import { encodeUtf8 } from "../../mail/domain.ts";
import { jsonText } from "../../mail/json-text.ts";
import { type Explanation, explainOutcome } from "./explain.ts";
import { explanationLines } from "./explain-text.ts";
import { type KeptMail, openKept, type SharedWithOthers } from "./kept.ts";
import { logLines } from "./log-line.ts";
import { mailLines } from "./mail-text.ts";
import { comparable, isNamed, namesOf } from "./names.ts";
import type { Outcome } from "./outcome.ts";
import { type MailRecord, mailRecord } from "./record.ts";
import { type RefusalRecord, refusalLine, refusalLines, refusalNames } from "./refusal-record.ts";
import type { Surroundings } from "./surroundings.ts";

/** A mail, or a refusal, as `why` shows it. */
export interface PastMail {
  readonly record: MailRecord | RefusalRecord;
  /** Only for mails still in memory: it is worked out from the bank they met. */
  readonly explanation?: Explanation;
  readonly text: readonly string[];
}

/** A mail in memory that has much to tell: a text is little work to the garbage collector, and its size is known. */
export interface MailInMemory extends SharedWithOthers {
  readonly text: string;
  readonly octets: number;
}

/** A refusal in memory, as JSON. */
export interface RefusalInMemory {
  readonly refusal: string;
  readonly octets: number;
}

/** What a refusal costs beside its text. */
const overheadOctets = 200;
/** Recipients of a mail for whom it is shown what each map yields: dozens of maps may say something of each. */
const maxExplained = 10;

/** `surroundings` gives what is in force when somebody asks. */
export function createPastMailReader(
  surroundings: () => Surroundings,
): PastMailReader<KeptMail | RefusalRecord, MailInMemory | KeptMail | RefusalInMemory, PastMail> {
  return {
    keep(entry) {
      if ("refused" in entry) {
        const refusal = jsonText(entry);
        return { refusal, octets: refusal.length + overheadOctets };
      }
      const { outcome, text, octets } = entry;
      // Ordinary mail, as it is.
      if (text === undefined) return entry;
      const { evidence, loaded } = outcome;
      return { text, octets, bank: evidence.bank, loaded };
    },
    open(kept) {
      if ("refusal" in kept) return openRefusal(JSON.parse(kept.refusal));
      const outcome = "outcome" in kept ? kept.outcome : openKept(kept.text, kept);
      return {
        at: outcome.receivedAtMs,
        get lines() {
          return logLines(outcome);
        },
        isNamed: (name) => isNamed(outcome, name),
        show: () => explained(outcome, surroundings()),
      };
    },
    rowOf(entry) {
      if ("refused" in entry) {
        const line = refusalLine(entry);
        return { at: Date.parse(entry.time), names: refusalNames(entry), line, record: jsonText(entry) };
      }
      const { outcome } = entry;
      return {
        at: outcome.receivedAtMs,
        names: namesOf(outcome),
        line: logLines(outcome).join("\n"),
        record: jsonText(mailRecord(outcome)),
      };
    },
    showRecord(text) {
      // Written by ourselves, in the shape of this release: the file is begun anew when that changes.
      const record: MailRecord | RefusalRecord = JSON.parse(text);
      if ("refused" in record) return { record, text: refusalLines(record) };
      return { record, text: mailLines(record, surroundings()) };
    },
    comparable: (name) => comparable(encodeUtf8(name)),
  };
}

function openRefusal(record: RefusalRecord): OpenMail<PastMail> {
  return {
    at: Date.parse(record.time),
    lines: [refusalLine(record)],
    isNamed: (name) => refusalNames(record).includes(name),
    show: () => ({ record, text: refusalLines(record) }),
  };
}

function explained(outcome: Outcome, surroundings: Surroundings): PastMail {
  const record = mailRecord(outcome);
  const recipients = outcome.recipients.slice(0, maxExplained);
  const explanation = explainOutcome({ ...outcome, recipients });
  // Why it was not signed and what its signatures came to was said already.
  const details = explanationLines(explanation, { surroundings, isToldBefore: true }).map((line) => `  ${line}`);
  const told = mailLines(record, surroundings, outcome.evidence.bank?.final_dmarc_destiny);
  return { record, explanation, text: [...told, "why:", ...details] };
}
