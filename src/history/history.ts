// What became of past mails: the last ones in memory, with everything an explanation needs, and those before them in
// a file, if one is kept. What a mail is, by which names it is asked for and how it is shown is handed in.
import type { HistoryRow } from "../mail/history-row.ts";
import type { HistoryFile } from "./file.ts";
import { type Measured, Ring, type RingLimits } from "./ring.ts";

/** A mail in memory, looked at. */
export interface OpenMail<Past> {
  /** Epoch, milliseconds. */
  readonly at: number;
  /** Its log line; two where recipients fared differently. */
  readonly lines: readonly string[];
  /** `name` as `PastMailReader.comparable` makes it. */
  isNamed(name: string): boolean;
  /** Everything there is to say of it. */
  show(): Past;
}

/** What the history needs to know of mails. `Mail` comes in, `Kept` stays in memory, `Past` is what a search returns. */
export interface PastMailReader<Mail, Kept, Past> {
  keep(mail: Mail): Kept;
  open(kept: Kept): OpenMail<Past>;
  /** The mail as the file has it. */
  rowOf(mail: Mail): HistoryRow;
  /** A mail of the file, from the record of its row. */
  showRecord(record: string): Past;
  /** A name as it was asked for, in the form in which names are compared. */
  comparable(name: string): string;
}

/** What distinguishes two entries: a refusal has no mail_id of its own. */
interface NamedRecord {
  readonly mail_id: string;
  readonly log_id: string;
  readonly time: string;
}

function identity({ mail_id, log_id, time }: NamedRecord): string {
  return mail_id === "" ? `${log_id} ${time}` : mail_id;
}

export interface History<Mail, Past> {
  add(mail: Mail): void;
  /** What is in memory: mails, and the octets that they take. */
  readonly inMemory: { readonly mails: number; readonly octets: number };
  resize(size: number): void;
  /** Mails by one of their names, newest first, at most `maxFound`. */
  find(name: string): Promise<readonly Past[]>;
  /** Log lines with their time, oldest first; `match` is a part of the line, `sinceMs` epoch milliseconds. */
  recent(
    limit: number,
    match?: string,
    sinceMs?: number,
  ): Promise<readonly { readonly time: string; readonly line: string }[]>;
  close(): Promise<void>;
}

const maxFound = 20;
/** Mails looked at before others get their turn: a search must not hold up mail. */
const mailsPerTurn = 200;

/** What a mail may take on an average: an ordinary one takes two thousand, one as large as can be 24. */
const octetsPerMail = 8192;
/** However few mails are kept. */
const leastOctets = 1024 * 1024;

function limitsOf(size: number): RingLimits {
  return { items: size, octets: Math.max(leastOctets, octetsPerMail * size) };
}

export function createHistory<Mail, Kept extends Measured, Past extends { readonly record: NamedRecord }>(
  reader: PastMailReader<Mail, Kept, Past>,
  size: number,
  file?: HistoryFile,
): History<Mail, Past> {
  const ring = new Ring<Kept>(limitsOf(size));

  async function* inMemory(): AsyncGenerator<OpenMail<Past>> {
    let seen = 0;
    for (const kept of ring.newestFirst()) {
      seen += 1;
      if (seen % mailsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      yield reader.open(kept);
    }
  }

  return {
    add(mail) {
      ring.add(reader.keep(mail));
      file?.add(reader.rowOf(mail));
    },
    get inMemory() {
      return { mails: ring.length, octets: ring.octets };
    },
    resize: (size) => ring.resize(limitsOf(size)),
    async find(name) {
      const wanted = reader.comparable(name);
      const found: Past[] = [];
      for await (const mail of inMemory()) {
        if (mail.isNamed(wanted)) found.push(mail.show());
        if (found.length >= maxFound) return found;
      }
      if (file === undefined) return found;
      const known = new Set(found.map(({ record }) => identity(record)));
      for (const text of await file.find(wanted, maxFound)) {
        if (found.length >= maxFound) break;
        const past = reader.showRecord(text);
        if (!known.has(identity(past.record))) found.push(past);
      }
      return found;
    },
    async recent(limit, match = "", sinceMs = 0) {
      const lines: { time: string; line: string }[] = [];
      /** What the file has of the mails in memory: not all that came later ended later, so no time parts the two. */
      const known = new Set<string>();
      for await (const { at, lines: ofMail } of inMemory()) {
        if (lines.length >= limit) break;
        const time = new Date(at).toISOString();
        if (file !== undefined) known.add(`${at} ${ofMail.join("\n")}`);
        if (at < sinceMs) continue;
        for (const line of ofMail) if (line.includes(match)) lines.push({ time, line });
      }
      if (file !== undefined && lines.length < limit) {
        for (const { at, line } of await file.recent(limit - lines.length + known.size, match, sinceMs)) {
          if (!known.has(`${at} ${line}`)) lines.push({ time: new Date(at).toISOString(), line });
        }
      }
      return lines.slice(0, limit).reverse();
    },
    close: async () => file?.close(),
  };
}
