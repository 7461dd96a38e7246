// Asks spamd: one connection per mail, as its protocol wants it.
import { errorText } from "../mail/error-text.ts";
import { createGate } from "./gate.ts";
import { octetGroups } from "./octet-groups.ts";
import { type ClientNeeds, connectMs, probeMs, type ScannerPlace } from "./scanner-client.ts";
import { ScannerSocket } from "./scanner-socket.ts";
import { spamCopy } from "./spam-copy.ts";
import type { SpamClient, SpamQuestion, SpamScan } from "./spam-question.ts";
import { isPong, maxHeaderOctets, maxHeadOctets, pingRequest, readSpamdReply, requestHead } from "./spamd-protocol.ts";
import type { ScannerTrouble } from "./trouble.ts";

/** Unread; all of a reply is looked at as it comes. */
const maxReplyBytes = 2 * (maxHeadOctets + maxHeaderOctets);

export function createSpamdClient(place: ScannerPlace, { now, changed }: ClientNeeds): SpamClient {
  const { address, timeoutMs } = place;
  const open = new Set<ScannerSocket>();
  const gate = createGate({
    connections: place.connections,
    probe: () => withSocket(now() + probeMs, ping),
    now,
    changed: (state, why) => changed?.(place.name, state, why),
  });

  async function withSocket<T>(limitMs: number, work: (socket: ScannerSocket) => Promise<T>): Promise<T> {
    const socket = new ScannerSocket(address, maxReplyBytes, now);
    socket.limitMs = limitMs;
    open.add(socket);
    try {
      await socket.connected(connectMs);
      return await work(socket);
    } finally {
      open.delete(socket);
      socket.fail("closed", "closed by us");
    }
  }

  async function ping(socket: ScannerSocket): Promise<boolean> {
    await socket.send([pingRequest], probeMs);
    const reply = await socket.receive(probeMs);
    return reply !== undefined && isPong(reply.toString("latin1"));
  }

  async function ask(socket: ScannerSocket, question: SpamQuestion): Promise<SpamScan | ScannerTrouble> {
    const { prologue, mailBytes, ending } = spamCopy(question);
    let before = [requestHead(prologue.length + mailBytes + ending.length, question.user), prologue];
    let left = mailBytes + ending.length;
    try {
      for await (const group of octetGroups(question.message, mailBytes)) {
        const isSent = await socket.send([...before, ...group], timeoutMs);
        before = [];
        if (isSent) for (const { length } of group) left -= length;
        if (socket.trouble !== undefined || socket.hasReply) break;
      }
    } catch (error) {
      socket.fail("unreadable", errorText(error));
    }
    // It has all that was announced, and may answer, before the file of a spooled mail is closed.
    const isWhole = left === 0 || !socket.hasReply;
    if (isWhole) await socket.send([...before, ending], timeoutMs);
    const outcome = await readReply(socket);
    if ("trouble" in outcome || isWhole) return outcome;
    return { trouble: "garbage", detail: "an answer before the end of the mail" };
  }

  async function readReply(socket: ScannerSocket): Promise<SpamScan | ScannerTrouble> {
    let reply = Buffer.alloc(0);
    for (;;) {
      const octets = await socket.receive(timeoutMs);
      if (octets !== undefined) reply = Buffer.concat([reply, octets]);
      else if (socket.trouble?.trouble !== "closed")
        return socket.trouble ?? { trouble: "closed", detail: "no answer" };
      const outcome = readSpamdReply(reply, octets === undefined);
      if (outcome !== "more") return outcome;
      if (octets === undefined) return { trouble: "closed", detail: "it hung up before the end of its answer" };
    }
  }

  return {
    score(question, deadlineMs) {
      return gate.run(deadlineMs, () => {
        const limitMs = Math.min(deadlineMs, now() + timeoutMs);
        return withSocket(limitMs, (socket) => ask(socket, question));
      });
    },
    counts: () => ({ ...gate.counts(), idle: 0 }),
    retire: () => gate.retire(),
    close() {
      gate.close();
      for (const socket of open) socket.fail("shutting-down", "the filter is ending");
    },
  };
}
