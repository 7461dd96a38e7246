// Asks rspamd by HTTP, over connections that are kept.
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { errorCode, errorText } from "../mail/error-text.ts";
import { createGate } from "./gate.ts";
import { octetGroups } from "./octet-groups.ts";
import { maxAnswerOctets, readRspamdAnswer, requestFields } from "./rspamd-protocol.ts";
import { type ClientNeeds, connectMs, probeMs, type ScannerPlace } from "./scanner-client.ts";
import { copiedBytes } from "./spam-copy.ts";
import type { SpamClient, SpamQuestion, SpamScan } from "./spam-question.ts";
import type { ScannerTrouble } from "./trouble.ts";

/** What goes out. */
interface Sending {
  readonly method: "POST" | "GET";
  readonly path: string;
  /** In pairs. */
  readonly fields: readonly string[];
  readonly octets?: AsyncIterable<readonly Uint8Array[]>;
  /** How many there are. */
  readonly bytes?: number;
}

type Answer = { readonly status: number; readonly body: Buffer };
/** `isStale`: a kept connection that had ended; nothing of an answer came. */
type Failed = ScannerTrouble & { readonly isStale?: boolean };

/** rspamd ends a connection after 65 s without a request. */
const idleMs = 20_000;

export function createRspamdClient(place: ScannerPlace, { now, changed }: ClientNeeds): SpamClient {
  const { address, timeoutMs, connections } = place;
  // An import would load everything that the module exports, HTTP/2 among it.
  const { Agent, request } = process.getBuiltinModule("node:http");
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections, timeout: idleMs });
  const open = new Set<(trouble: Failed) => void>();
  const gate = createGate({
    connections,
    probe: async () => {
      const answer = await exchange({ method: "GET", path: "/ping", fields: [] }, now() + probeMs, false);
      return "status" in answer && answer.status === 200;
    },
    now,
    changed: (state, why) => changed?.(place.name, state, why),
  });

  function idleSockets(): readonly Socket[] {
    return Object.values(agent.freeSockets).flatMap((sockets) => (sockets ?? []).filter(({ destroyed }) => !destroyed));
  }

  async function ask(question: SpamQuestion, deadlineMs: number): Promise<SpamScan | ScannerTrouble> {
    const limitMs = Math.min(deadlineMs, now() + timeoutMs);
    const bytes = copiedBytes(question);
    const sending = (): Sending => ({
      method: "POST",
      path: "/checkv2",
      fields: [...requestFields(question), "Content-Type", "application/octet-stream", "Content-Length", String(bytes)],
      octets: octetGroups(question.message, bytes),
      bytes,
    });
    const first = await exchange(sending(), limitMs, agent);
    const answer = "isStale" in first && first.isStale === true ? await exchange(sending(), limitMs, false) : first;
    return "status" in answer
      ? readRspamdAnswer(answer.status, answer.body)
      : { trouble: answer.trouble, detail: answer.detail };
  }

  /** @param by false: a connection of its own */
  function exchange(sending: Sending, limitMs: number, by: Agent | false): Promise<Answer | Failed> {
    const { promise, resolve } = Promise.withResolvers<Answer | Failed>();
    const where = "path" in address ? { socketPath: address.path } : { host: address.host, port: address.port };
    const { method, path } = sending;
    const outgoing = request({ ...where, method, path, agent: by, headers: ["Host", "rspamd", ...sending.fields] });
    let isConnected = false;
    let left = sending.bytes ?? 0;
    const settle = (outcome: Answer | Failed): void => {
      clearTimeout(limit);
      clearTimeout(connecting);
      open.delete(settle);
      // Nor is a connection of use on which half a request is out.
      if ("trouble" in outcome || left > 0) outgoing.destroy();
      resolve(outcome);
    };
    const late = (detail: string) => () => settle({ trouble: "timeout", detail });
    const limit = setTimeout(late(`no answer within ${timeoutMs / 1000} s`), Math.max(0, limitMs - now()));
    let connecting: NodeJS.Timeout | undefined;
    open.add(settle);
    outgoing.on("socket", (socket: Socket) => {
      isConnected = !socket.connecting;
      if (isConnected) return;
      connecting = setTimeout(late(`no connection within ${connectMs / 1000} s`), connectMs);
      socket.once("connect", () => {
        isConnected = true;
        clearTimeout(connecting);
      });
    });
    outgoing.on("error", (error) => {
      if (errorCode(error)?.startsWith("HPE_") === true) settle({ trouble: "garbage", detail: errorText(error) });
      else
        settle({
          trouble: isConnected ? "closed" : "connect",
          detail: errorText(error),
          isStale: outgoing.reusedSocket,
        });
    });
    outgoing.on("response", (incoming) => {
      // A refusal may come as early as it likes.
      const isEarly = left > 0 && incoming.statusCode === 200;
      if (isEarly) settle({ trouble: "garbage", detail: "an answer before the end of the mail" });
      else void readAnswer(incoming).then(settle);
    });
    const taken = (bytes: number): void => {
      left -= bytes;
    };
    void send(outgoing, sending.octets, taken, promise).catch((error) =>
      settle({ trouble: "unreadable", detail: errorText(error) }),
    );
    return promise;
  }

  return {
    score: (question, deadlineMs) => gate.run(deadlineMs, () => ask(question, deadlineMs)),
    counts: () => ({ ...gate.counts(), idle: idleSockets().length }),
    // Without a timeout of its own an idle connection would be kept; those in use end with their answer.
    retire: () => {
      gate.retire();
      agent.maxFreeSockets = 0;
      for (const socket of idleSockets()) socket.destroy();
    },
    close() {
      gate.close();
      for (const settle of [...open]) settle({ trouble: "shutting-down", detail: "the filter is ending" });
      agent.destroy();
    },
  };
}

/**
 * Writes group by group, each once the kernel has taken the one before: its memory may be used again then.
 * @param taken called for each of them
 */
async function send(
  outgoing: ClientRequest,
  octets: AsyncIterable<readonly Uint8Array[]> | undefined,
  taken: (bytes: number) => void,
  over: Promise<unknown>,
): Promise<void> {
  for await (const group of octets ?? []) {
    const flushed = Promise.withResolvers<void>();
    let bytes = 0;
    outgoing.cork();
    for (const [index, view] of group.entries()) {
      bytes += view.length;
      if (index < group.length - 1) outgoing.write(view);
      else
        outgoing.write(view, () => {
          taken(bytes);
          flushed.resolve();
        });
    }
    outgoing.uncork();
    const isOver = await Promise.race([flushed.promise.then(() => false), over.then(() => true)]);
    if (isOver) return;
  }
  outgoing.end();
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer | Failed> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of incoming) {
      if (!Buffer.isBuffer(piece)) continue;
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > maxAnswerOctets)
        return { trouble: "garbage", detail: `more than ${maxAnswerOctets} octets of answer` };
    }
  } catch (error) {
    return { trouble: "closed", detail: `it hung up before the end of its answer (${errorText(error)})` };
  }
  return { status: incoming.statusCode ?? 0, body: Buffer.concat(pieces) };
}
