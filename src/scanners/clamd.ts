// Asks clamd: one session per connection, kept for the next mail, and one mail at a time on each. Several at a time on one would be
// possible, but clamd ends the session at a mail that is too large for it, and the others with it.
import { errorText } from "../mail/error-text.ts";
import type { MessageOctets } from "../mail/message.ts";
import {
  announceStream,
  closeSession,
  endOfStream,
  frameChunks,
  openSession,
  parseClamdReply,
  ping,
  pong,
} from "./clamd-protocol.ts";
import { createGate } from "./gate.ts";
import { octetGroups } from "./octet-groups.ts";
import { type ClientCounts, type ClientNeeds, connectMs, probeMs, type ScannerPlace } from "./scanner-client.ts";
import { ScannerSocket } from "./scanner-socket.ts";
import type { ScannerTrouble } from "./trouble.ts";

/** What clamd says of a mail when it says something. */
export type Scan = { readonly result: "clean" } | { readonly result: "infected"; readonly names: readonly string[] };

export interface VirusClient {
  /** `deadlineMs`: on the clock of `now`. Never rejects. */
  scan(message: MessageOctets, deadlineMs: number): Promise<Scan | ScannerTrouble>;
  counts(): ClientCounts;
  /** Closes connections that carry nothing, and keeps none from now on. */
  retire(): void;
  /** Mails under way go on without the scanner. */
  close(): void;
}

interface ClamdSession {
  readonly socket: ScannerSocket;
  commands: number;
  idle: NodeJS.Timeout | undefined;
}

/** clamd ends a session after 30 s without a command (CommandReadTimeout, IdleTimeout). */
const idleMs = 20_000;
/** A reply is one short line. */
const maxReplyBytes = 4096;
/** The whole scan may last so many times the longest silence; clamd's own MaxScanTime is 120 s. */
const wholeTimes = 4;

export function createClamdClient(place: ScannerPlace, { now, changed }: ClientNeeds): VirusClient {
  const { address, timeoutMs } = place;
  /** The last one used stands last. */
  const kept: ClamdSession[] = [];
  const open = new Set<ScannerSocket>();
  let keepsSessions = true;
  const gate = createGate({
    connections: place.connections,
    probe,
    now,
    changed: (state, why) => changed?.(place.name, state, why),
  });

  function connect(): ScannerSocket {
    const socket = new ScannerSocket(address, maxReplyBytes, now);
    open.add(socket);
    return socket;
  }

  /** "cut": in the middle of something, so nothing can be said any more. */
  function drop({ socket, idle }: ClamdSession, how: "polite" | "cut"): void {
    clearTimeout(idle);
    open.delete(socket);
    const at = kept.findIndex((session) => session.socket === socket);
    if (at >= 0) kept.splice(at, 1);
    if (how === "polite") socket.end(closeSession);
    else socket.fail("closed", "closed by us");
  }

  function keep(session: ClamdSession): void {
    if (!keepsSessions) {
      drop(session, "polite");
      return;
    }
    session.socket.limitMs = Number.POSITIVE_INFINITY;
    session.socket.onUnasked = () => drop(session, "cut");
    session.idle = setTimeout(() => drop(session, "polite"), idleMs);
    session.idle.unref();
    kept.push(session);
  }

  function takeKept(): ClamdSession | undefined {
    const session = kept.pop();
    if (session === undefined) return undefined;
    clearTimeout(session.idle);
    session.socket.onUnasked = undefined;
    return session;
  }

  async function scan(message: MessageOctets, deadlineMs: number): Promise<Scan | ScannerTrouble> {
    const limitMs = Math.min(deadlineMs, now() + wholeTimes * timeoutMs);
    const old = takeKept();
    if (old !== undefined) {
      const outcome = await scanOn(old, message, limitMs);
      // clamd was started anew, or was about to hang up: another connection will show which. Once, as this one is new.
      if (!("trouble" in outcome) || outcome.trouble !== "closed") return outcome;
    }
    const session: ClamdSession = { socket: connect(), commands: 0, idle: undefined };
    session.socket.limitMs = limitMs;
    await session.socket.connected(connectMs);
    return scanOn(session, message, limitMs);
  }

  async function scanOn(
    session: ClamdSession,
    message: MessageOctets,
    limitMs: number,
  ): Promise<Scan | ScannerTrouble> {
    const { socket } = session;
    socket.limitMs = limitMs;
    const outcome = await exchange(session, message);
    if ("result" in outcome) keep(session);
    else drop(session, "cut");
    return outcome;
  }

  async function exchange(session: ClamdSession, message: MessageOctets): Promise<Scan | ScannerTrouble> {
    const { socket } = session;
    let announcement = [announceStream];
    if (session.commands === 0) announcement = [openSession, announceStream];
    session.commands += 1;
    try {
      for await (const group of octetGroups(message)) {
        await socket.send([...announcement, ...frameChunks(group)], timeoutMs);
        announcement = [];
        if (socket.trouble !== undefined || socket.hasReply) break;
      }
    } catch (error) {
      socket.fail("unreadable", errorText(error));
    }
    const isWhole = !socket.hasReply;
    if (isWhole) await socket.send([...announcement, endOfStream], timeoutMs);
    return readReply(session, isWhole);
  }

  async function readReply({ socket, commands }: ClamdSession, isWhole: boolean): Promise<Scan | ScannerTrouble> {
    let text = "";
    while (!text.includes("\0")) {
      const octets = await socket.receive(timeoutMs);
      if (octets === undefined) return socket.trouble ?? { trouble: "closed", detail: "the connection was closed" };
      text += octets.toString("latin1");
      if (text.length > maxReplyBytes) break;
    }
    const end = text.indexOf("\0");
    const reply = parseClamdReply(end === -1 ? text : text.slice(0, end), commands);
    if (reply.result === "failed") return { trouble: reply.trouble, detail: reply.detail };
    // It cannot know what it has not seen, nor say two things.
    if (!isWhole) return { trouble: "garbage", detail: "an answer before the end of the mail" };
    if (end !== text.length - 1) return { trouble: "garbage", detail: "more than one answer" };
    return reply;
  }

  function retire(): void {
    gate.retire();
    keepsSessions = false;
    for (const session of [...kept]) drop(session, "polite");
  }

  async function probe(): Promise<boolean> {
    const socket = connect();
    socket.limitMs = now() + probeMs;
    await socket.connected(probeMs);
    await socket.send([ping], probeMs);
    const octets = await socket.receive(probeMs);
    open.delete(socket);
    socket.fail("closed", "closed by us");
    return octets?.toString("latin1").startsWith(pong) === true;
  }

  return {
    scan: (message, deadlineMs) => gate.run(deadlineMs, () => scan(message, deadlineMs)),
    counts: () => ({ ...gate.counts(), idle: kept.length }),
    retire,
    close() {
      retire();
      gate.close();
      for (const socket of open) socket.fail("shutting-down", "the filter is ending");
    },
  };
}
