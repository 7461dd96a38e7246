// What was sent, what the next hop took and what we answered, mail by mail and try by try: the zeros that any fault must
// leave behind are counted here. A mail's sender tells mail and try: <TAG-ID-TRY@example.com>.
import type { ReceivedMail, Step } from "./fake-next-hop.ts";

/** One try of the client to send a mail. */
interface Attempt {
  readonly key: string;
  readonly id: number;
  /** There was a connection past EHLO. */
  greeted: boolean;
  /** The whole mail went out, its final dot too. */
  dotSent: boolean;
  /** The client itself went away. */
  clientGone: boolean;
  reply: string | undefined;
  repliedAt: number;
}

/** One transaction that the next hop answered with 250, or committed before it failed. */
interface Taken {
  readonly at: number;
  readonly answered: boolean;
}

/** All are to be 0 but `forced`: copies that nobody could have spared the recipient (RFC 1047). */
export interface Faults {
  readonly lost: number;
  readonly rcptLost: number;
  readonly earlyAck: number;
  readonly rejected: number;
  readonly avoidableCopies: number;
  readonly corrupt: number;
  /** The header that was sent is another one below our own fields; the body is as it was. */
  readonly headerChanged: number;
  readonly truncated: number;
  /** Neither taken nor refused when the client gave up. */
  readonly stuck: number;
  /** Told its sender that it was not delivered, though nobody refused it. */
  readonly bounced: number;
  readonly infectedPassed: number;
  readonly ghosts: number;
  readonly bare: number;
}

export const noFaults: Faults = {
  lost: 0,
  rcptLost: 0,
  earlyAck: 0,
  rejected: 0,
  avoidableCopies: 0,
  corrupt: 0,
  headerChanged: 0,
  truncated: 0,
  stuck: 0,
  bounced: 0,
  infectedPassed: 0,
  ghosts: 0,
  bare: 0,
};

export class Ledger {
  readonly tag: string;
  readonly #contents = new Map<number, Buffer>();
  readonly #recipients: number;
  readonly #attempts = new Map<string, Attempt>();
  readonly #taken = new Map<string, Taken[]>();
  readonly #acked = new Set<number>();
  readonly #refused = new Set<number>();
  readonly #watchers = new Set<() => void>();
  #tries = 0;

  constructor(tag: string, recipients: number) {
    this.tag = tag;
    this.#recipients = recipients;
  }

  get acked(): number {
    return this.#acked.size;
  }

  get tries(): number {
    return this.#tries;
  }

  /** Tries for which no connection was to be had, or one that was not greeted. */
  get turnedAway(): number {
    return [...this.#attempts.values()].filter(({ greeted }) => !greeted).length;
  }

  /** Resolves once so many mails got their 250. */
  reached(count: number): Promise<void> {
    return this.#until(() => this.#acked.size >= count);
  }

  /** Resolves once so many tries were begun. */
  tried(count: number): Promise<void> {
    return this.#until(() => this.#tries >= count);
  }

  recipients(id: number): string[] {
    return Array.from({ length: this.#recipients }, (_, place) => `r${place}.${this.tag}.${id}@example.com`);
  }

  begin(id: number, content: Buffer): Attempt {
    this.#contents.set(id, content);
    this.#tries += 1;
    const attempt = this.#try(id);
    this.#changed();
    return attempt;
  }

  #try(id: number): Attempt {
    let count = 1;
    while (this.#attempts.has(`${this.tag}-${id}-${count}`)) count += 1;
    const key = `${this.tag}-${id}-${count}`;
    const attempt = { key, id, greeted: false, dotSent: false, clientGone: false, reply: undefined, repliedAt: 0 };
    this.#attempts.set(key, attempt);
    return attempt;
  }

  /** The client has our word. */
  replied(attempt: Attempt, reply: string): void {
    attempt.reply = reply;
    attempt.repliedAt = performance.now();
    if (reply.startsWith("250")) this.#acked.add(attempt.id);
    if (reply.startsWith("5")) this.#refused.add(attempt.id);
    this.#changed();
  }

  /** The next hop is about to answer 250 to a final dot, or has the mail and fails before it can say so. */
  take(step: Step, how: "answered" | "committed" = "answered"): void {
    const key = senderKey(step.line);
    const taken = this.#taken.get(key) ?? [];
    taken.push({ at: performance.now(), answered: how === "answered" });
    this.#taken.set(key, taken);
  }

  /**
   * Counts what must not be.
   * @param mails all that the next hop took
   * @param refused recipients that the next hop refuses for good: a notification takes the place of their mail
   * @param infected mails that must not arrive; an answer of 250 to them is kept or discarded
   * @param cuts the filter itself was killed: a try without a reply may have been delivered
   */
  faults(
    mails: readonly ReceivedMail[],
    refused: (recipient: string) => boolean,
    cuts: boolean,
    infected: (id: number) => boolean = () => false,
  ): Faults {
    const count = { ...noFaults };
    count.stuck = [...this.#contents.keys()].filter((id) => !this.#acked.has(id) && !this.#refused.has(id)).length;
    /** Recipients who have the mail, by id. */
    const has = new Map<number, Set<string>>();
    const copies = new Map<string, string[]>();
    const notified = new Set<string>();
    for (const mail of mails) {
      if (bareLineEnd(mail.octets)) count.bare += 1;
      const key = senderKey(mail.mail);
      if (key === "") {
        const text = mail.octets.toString("latin1");
        const ours = addressOf(mail.rcpts[0] ?? "").startsWith(`${this.tag}-`);
        for (const [, address = ""] of text.matchAll(/^Final-Recipient: rfc822; ?(\S+)\r$/gm)) {
          notified.add(address);
          if (ours && !refused(address)) count.bounced += 1;
        }
        continue;
      }
      if (!key.startsWith(`${this.tag}-`)) continue;
      const attempt = this.#attempts.get(key);
      const content = attempt === undefined ? undefined : this.#contents.get(attempt.id);
      if (attempt === undefined || content === undefined || !attempt.dotSent) {
        count.ghosts += 1;
        continue;
      }
      if (infected(attempt.id)) count.infectedPassed += 1;
      if (!mail.octets.subarray(-content.length).equals(content)) count[howChanged(mail.octets, content)] += 1;
      const reached = has.get(attempt.id) ?? new Set();
      has.set(attempt.id, reached);
      const ofThisTry = copies.get(key) ?? [];
      copies.set(key, ofThisTry);
      for (const line of mail.rcpts) {
        const address = addressOf(line);
        reached.add(address);
        if (ofThisTry.includes(address)) count.avoidableCopies += 1;
        ofThisTry.push(address);
      }
    }
    for (const attempt of this.#attempts.values()) {
      const { id, key, reply, repliedAt, clientGone } = attempt;
      const taken = this.#taken.get(key) ?? [];
      if (reply?.startsWith("5")) count.rejected += 1;
      if (reply?.startsWith("250") && !infected(id)) {
        const last = taken.findLast(({ answered }) => answered);
        if (last === undefined || taken.some(({ at }) => at > repliedAt)) count.earlyAck += 1;
        const missing = this.recipients(id).filter(
          (address) => !has.get(id)?.has(address) && !(refused(address) && notified.has(address)),
        );
        if (missing.length === this.#recipients) count.lost += 1;
        else if (missing.length > 0) count.rcptLost += 1;
      } else if (taken.length > 0 && taken.every(({ answered }) => answered) && !clientGone) {
        // Delivered, and the client is made to send it again. Only a killed filter has an excuse for silence.
        if (reply !== undefined || !cuts) count.avoidableCopies += 1;
      }
    }
    return count;
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (!condition()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }
}

export type { Attempt };

/** Which try of its mail a transaction belongs to, from 1; 0 for other mail. */
export function tryOf(mailLine: string): number {
  return Number(/-(\d+)@/.exec(mailLine)?.[1] ?? 0);
}

function senderKey(mailLine: string): string {
  return /^MAIL FROM:<([^@>]*)/i.exec(mailLine)?.[1] ?? "";
}

function addressOf(rcptLine: string): string {
  return /<([^>]*)>/.exec(rcptLine)?.[1] ?? "";
}

function bareLineEnd(octets: Buffer): boolean {
  for (let at = octets.indexOf(10); at !== -1; at = octets.indexOf(10, at + 1)) if (octets[at - 1] !== 13) return true;
  for (let at = octets.indexOf(13); at !== -1; at = octets.indexOf(13, at + 1)) if (octets[at + 1] !== 10) return true;
  return false;
}

/** What is wrong with a mail that does not end with what was sent. */
function howChanged(octets: Buffer, content: Buffer): "corrupt" | "headerChanged" | "truncated" {
  const body = content.subarray(content.indexOf("\r\n\r\n"));
  if (body.length > 4 && octets.subarray(-body.length).equals(body)) return "headerChanged";
  const from = octets.indexOf(content.subarray(0, 64));
  const rest = octets.length - from;
  return from !== -1 && rest < content.length && content.subarray(0, rest).equals(octets.subarray(from))
    ? "truncated"
    : "corrupt";
}
