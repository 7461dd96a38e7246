// An rspamd for tests: keeps what it was asked, answers by a script, and misbehaves on request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ListeningPlace, listenAt } from "./listen-at.ts";

export interface RspamdRequest {
  readonly url: string;
  /** In pairs, as they came. */
  readonly rawFields: readonly string[];
  readonly content: Buffer;
  /** From 1. */
  readonly connection: number;
}

/** undefined: ham. A string: these octets instead of an answer, and the end. An object: its members with this status. */
export type RspamdAct =
  | undefined
  | "silent"
  | "reset"
  | { readonly raw: string }
  | { readonly status: number; readonly body: string };

export interface FakeRspamd extends ListeningPlace {
  readonly requests: readonly RspamdRequest[];
  readonly pings: number;
  readonly connections: number;
  /** Replaced by the test; asked when a mail is whole. */
  script: (request: RspamdRequest) => RspamdAct | Promise<RspamdAct>;
  isHung: boolean;
  /** Ends all connections; those that come later are taken. */
  hangUp(): void;
}

/** What rspamd says of a mail. */
export function rspamdAnswer(score: number, symbols: Readonly<Record<string, number>>, action = "no action"): string {
  const all = Object.entries(symbols).map(([name, each]) => [name, { name, score: each, metric_score: each }]);
  return JSON.stringify({ is_skipped: false, score, required_score: 15, action, symbols: Object.fromEntries(all) });
}

export async function startFakeRspamd(at: number | string = 0): Promise<FakeRspamd> {
  const requests: RspamdRequest[] = [];
  const sockets = new Map<Socket, number>();
  let connections = 0;
  let pings = 0;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (fake.isHung) return;
    if (incoming.url === "/ping") {
      pings += 1;
      outgoing.end("pong\r\n");
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of incoming) if (Buffer.isBuffer(piece)) pieces.push(piece);
    const connection = sockets.get(incoming.socket) ?? 0;
    const request = {
      url: incoming.url ?? "",
      rawFields: incoming.rawHeaders,
      content: Buffer.concat(pieces),
      connection,
    };
    requests.push(request);
    const act = await fake.script(request);
    if (act === "silent") fake.isHung = true;
    else if (act === "reset") incoming.socket.resetAndDestroy();
    else if (act === undefined) outgoing.end(rspamdAnswer(0.5, { R_SPF_NA: 0, MIME_GOOD: -0.1 }));
    else if ("raw" in act) incoming.socket.end(act.raw);
    else {
      outgoing.statusCode = act.status;
      outgoing.end(act.body);
    }
  }

  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing).catch(() => {}));
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.on("close", () => sockets.delete(socket));
  });
  const place = await listenAt(server, at, () => sockets.keys());

  const fake: FakeRspamd = {
    ...place,
    requests,
    get pings() {
      return pings;
    },
    get connections() {
      return connections;
    },
    script: () => undefined,
    isHung: false,
    hangUp() {
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
  return fake;
}
