// The DNS tree walk of RFC 9989 section 4.10: DMARC records at a name and at those above it, and what they say about
// which domain is the organizational one. Which policy follows from that is decided in `dmarc.ts`.
import type { DnsTrouble, Resolve } from "../rr/answer.ts";
import { type DmarcMode, type DmarcRecord, isDmarcText, parseDmarcRecord } from "./dmarc-record.ts";

/** What stands at _dmarc.NAME: a record, no (usable) record, several records, or trouble. */
export type RecordAnswer =
  | { readonly status: "found"; readonly record: DmarcRecord }
  | { readonly status: "none" | "several" | "unusable" }
  | { readonly status: "trouble"; readonly trouble: DnsTrouble };

export type LookUpRecord = (domain: string) => Promise<RecordAnswer>;

/** Asks for DMARC records; each name once, however many walks pass it. */
export function createRecordLookup(mode: DmarcMode, resolve: Resolve): LookUpRecord {
  const answers = new Map<string, Promise<RecordAnswer>>();
  return (domain) => {
    let answer = answers.get(domain);
    if (answer === undefined) {
      answer = lookUp(mode, domain, resolve);
      answers.set(domain, answer);
    }
    return answer;
  };
}

async function lookUp(mode: DmarcMode, domain: string, resolve: Resolve): Promise<RecordAnswer> {
  const answer = await resolve(`_dmarc.${domain}`, "TXT");
  if (answer.status === "trouble") return answer;
  if (answer.status !== "found") return { status: "none" };
  const texts = answer.records.map((strings) => strings.join("").trim()).filter(isDmarcText);
  const [text] = texts;
  if (text === undefined) return { status: "none" };
  // Several records count as none (RFC 9989 section 4.10 step 2, RFC 7489 section 6.6.3 step 5).
  if (texts.length > 1) return { status: "several" };
  const record = parseDmarcRecord(mode, text);
  return record === "unusable" ? { status: "unusable" } : { status: "found", record };
}

export interface WalkStep {
  readonly domain: string;
  readonly record: DmarcRecord;
}

export interface Walk {
  /** Records found, the longest name first. */
  readonly found: readonly WalkStep[];
  /** Set when a name on the way could not be asked: what is above it is not known. */
  readonly trouble?: DnsTrouble;
}

/** A name of more labels is shortened to these at once (RFC 9989 section 4.10 step 4). */
const maxWalkedLabels = 7;

/** Walks from `domain` up. Never rejects; at most eight names are asked for, all at once. */
export async function walkTree(domain: string, lookUpRecord: LookUpRecord): Promise<Walk> {
  const names = namesOfWalk(domain);
  // Most walks go all the way up: asking in turn would only make the mail wait for each answer.
  const answers = await Promise.all(names.map(lookUpRecord));
  const found: WalkStep[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer.status === "trouble") return { found, trouble: answer.trouble };
    if (answer.status !== "found") continue;
    found.push({ domain: names[index] ?? "", record: answer.record });
    if (answer.record.psd !== "u") break;
  }
  return { found };
}

function namesOfWalk(domain: string): string[] {
  const names = [domain];
  let labels = domain.split(".").slice(1);
  if (labels.length > maxWalkedLabels) labels = labels.slice(-maxWalkedLabels);
  for (; labels.length > 0; labels = labels.slice(1)) names.push(labels.join("."));
  return names;
}

/** The organizational domain that a walk from `domain` shows (RFC 9989 section 4.10.2). */
export function organizationalDomainOf(domain: string, { found }: Walk): string {
  for (const step of found) {
    if (step.record.psd === "n") return step.domain;
    // Below a public suffix domain: one label more than the suffix.
    if (step.record.psd === "y" && step.domain !== domain) {
      return domain
        .split(".")
        .slice(-(step.domain.split(".").length + 1))
        .join(".");
    }
  }
  return found.at(-1)?.domain ?? domain;
}
