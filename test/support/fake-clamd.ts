// A clamd for tests: keeps the mails it was given, answers by a script, and misbehaves on request.
import { createServer, type Socket } from "node:net";
import { type ListeningPlace, listenAt } from "./listen-at.ts";

/**
 * undefined: "stream: OK". A string: this answer behind the number of the command. `raw`: these octets instead. "silent": nothing, not
 * to pings either from then on. "close", "reset": the end of the connection.
 */
export type ClamdAct = undefined | string | { readonly raw: string } | "silent" | "close" | "reset";

export interface ScannedMail {
  /** From 1. */
  readonly connection: number;
  readonly octets: Buffer;
  /** Lengths of its chunks. */
  readonly chunks: readonly number[];
}

export interface FakeClamd extends ListeningPlace {
  readonly mails: readonly ScannedMail[];
  readonly pings: number;
  readonly connections: number;
  /** Connections open now. */
  readonly open: number;
  /** Replaced by the test; asked when a mail is whole. */
  script: (mail: ScannedMail) => ClamdAct | Promise<ClamdAct>;
  /** Replaced by the test; asked at each chunk with the octets of the mail so far. */
  onChunk: (bytes: number, connection: number) => ClamdAct;
  /** Nothing that comes is answered any more; connections are taken. */
  isHung: boolean;
  /** What it was given so far is let go. */
  forget(): void;
  /** Ends all connections; those that come later are taken. */
  hangUp(): void;
}

export async function startFakeClamd(at: number | string = 0): Promise<FakeClamd> {
  const mails: ScannedMail[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let pings = 0;

  function act(socket: Socket, number: number, act: ClamdAct): void {
    if (act === "silent") fake.isHung = true;
    else if (act === "close") socket.end();
    else if (act === "reset") socket.resetAndDestroy();
    else if (typeof act === "object") socket.write(act.raw, "latin1");
    else socket.write(`${number}: ${act ?? "stream: OK"}\0`, "latin1");
  }

  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let received = Buffer.alloc(0);
    let stream: { pieces: Buffer[]; chunks: number[]; bytes: number } | undefined;
    let number = 0;
    let isBusy = false;

    async function work(): Promise<void> {
      if (isBusy) return;
      isBusy = true;
      while (!fake.isHung && (await step()));
      isBusy = false;
    }

    /** False when more octets are needed. */
    async function step(): Promise<boolean> {
      if (stream === undefined) {
        const end = received.indexOf(0);
        if (end === -1) return false;
        const command = received.toString("latin1", 0, end);
        received = received.subarray(end + 1);
        if (command === "zPING") {
          pings += 1;
          socket.end("PONG\0");
        } else if (command === "zEND") socket.end();
        else if (command === "zINSTREAM") {
          number += 1;
          stream = { pieces: [], chunks: [], bytes: 0 };
        } else if (command !== "zIDSESSION") socket.end("UNKNOWN COMMAND\0");
        return true;
      }
      if (received.length < 4) return false;
      const length = received.readUInt32BE();
      if (received.length < 4 + length) return false;
      const chunk = received.subarray(4, 4 + length);
      received = received.subarray(4 + length);
      if (length > 0) {
        stream.pieces.push(chunk);
        stream.chunks.push(length);
        stream.bytes += length;
        const early = fake.onChunk(stream.bytes, connection);
        if (early === undefined) return true;
        // What is still to come stays with the client.
        socket.pause();
        act(socket, number, early);
        return false;
      }
      const mail = { connection, octets: Buffer.concat(stream.pieces), chunks: stream.chunks };
      stream = undefined;
      mails.push(mail);
      act(socket, number, await fake.script(mail));
      return true;
    }

    socket.on("data", (octets: Buffer) => {
      received = Buffer.concat([received, octets]);
      void work();
    });
  });
  const place = await listenAt(server, at, () => sockets);

  const fake: FakeClamd = {
    ...place,
    mails,
    get pings() {
      return pings;
    },
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    script: () => undefined,
    onChunk: () => undefined,
    isHung: false,
    forget() {
      mails.length = 0;
    },
    hangUp() {
      for (const socket of sockets) socket.destroy();
    },
  };
  return fake;
}
