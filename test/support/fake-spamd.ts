// A spamd for tests: keeps what it was asked, answers by a script, and misbehaves on request.
import { createServer, type Socket } from "node:net";
import { type ListeningPlace, listenAt } from "./listen-at.ts";

export interface SpamdRequest {
  /** "HEADERS SPAMC/1.5" and the lines behind it. */
  readonly head: readonly string[];
  readonly content: Buffer;
}

/**
 * undefined: ham. A string: these octets (latin1), and the end of the connection. "close", "reset": the end without a word. `end`:
 * octets, and what follows them; "silent" is nothing more.
 */
export type SpamdAct = undefined | string | { readonly octets?: string; readonly end: "silent" | "close" | "reset" };

export interface FakeSpamd extends ListeningPlace {
  readonly requests: readonly SpamdRequest[];
  readonly pings: number;
  /** Connections open now. */
  readonly open: number;
  /** Replaced by the test; asked when a mail is whole. */
  script: (request: SpamdRequest) => SpamdAct | Promise<SpamdAct>;
  /** Replaced by the test; asked while a mail comes in. */
  onContent: (bytes: number) => SpamdAct;
  /** Nothing that comes is answered any more; connections are taken. */
  isHung: boolean;
  /** What it was asked so far is let go. */
  forget(): void;
}

/** What spamd says to HEADERS. */
export function spamdReply(score: number, tests: string, required = 5, mail = "From: a@example.com\r\n"): string {
  const word = score >= required ? "Yes" : "No";
  const header = `X-Spam-Status: ${word}, score=${score} required=${required} tests=${tests}\r\n\tautolearn=no autolearn_force=no version=4.0.1\r\n${mail}\r\n`;
  return `SPAMD/1.1 0 EX_OK\r\nContent-length: ${header.length}\r\nSpam: ${score >= required ? "True" : "False"} ; ${score.toFixed(1)} / ${required.toFixed(1)}\r\n\r\n${header}`;
}

export async function startFakeSpamd(at: number | string = 0): Promise<FakeSpamd> {
  const requests: SpamdRequest[] = [];
  const sockets = new Set<Socket>();
  let pings = 0;

  function act(socket: Socket, what: SpamdAct): void {
    if (what === undefined || typeof what === "string") {
      socket.end(what ?? spamdReply(0.5, "HTML_MESSAGE"), "latin1");
      return;
    }
    if (what.octets !== undefined) socket.write(what.octets, "latin1");
    if (what.end === "close") socket.end();
    if (what.end === "reset") socket.resetAndDestroy();
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    const pieces: Buffer[] = [];
    let bytes = 0;
    let wanted = 0;
    let isDone = false;
    socket.on("data", async (octets: Buffer) => {
      pieces.push(octets);
      bytes += octets.length;
      if (fake.isHung || isDone) return;
      if (bytes < wanted) {
        const early = fake.onContent(bytes);
        if (early === undefined) return;
        isDone = true;
        // What is still to come stays with the client.
        socket.pause();
        act(socket, early);
        return;
      }
      const received = Buffer.concat(pieces);
      const end = received.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = received.toString("latin1", 0, end).split("\r\n");
      if (head[0]?.startsWith("PING") === true) {
        pings += 1;
        isDone = true;
        socket.end("SPAMD/1.5 0 PONG\r\n");
        return;
      }
      const content = received.subarray(end + 4);
      const length = Number(/^Content-length: (\d+)$/im.exec(head.join("\n"))?.[1]);
      wanted = end + 4 + length;
      if (bytes < wanted) return;
      isDone = true;
      const request = { head, content };
      requests.push(request);
      act(socket, content.length === length ? await fake.script(request) : "SPAMD/1.0 76 Too much\r\n");
    });
  });
  const place = await listenAt(server, at, () => sockets);

  const fake: FakeSpamd = {
    ...place,
    requests,
    get pings() {
      return pings;
    },
    get open() {
      return sockets.size;
    },
    script: () => undefined,
    onContent: () => undefined,
    isHung: false,
    forget() {
      requests.length = 0;
    },
  };
  return fake;
}
