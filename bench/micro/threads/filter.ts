// The least filter that takes mail, signs it and hands it on: on the main thread, or on two worker threads that share a
// port by SO_REUSEPORT. A process of its own; says over Node's channel on which port it listens.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { splitHeader } from "../../../src/mail/header.ts";
import { concatShared } from "../../../src/mail/shared-octets.ts";
import { createRelay } from "../../../src/relay/relay.ts";
import { DataScanner } from "../../../src/smtp/data-scanner.ts";
import type { NextHop } from "../../../src/smtp/next-hop.ts";
import { createSign, type Way } from "./sign.ts";

export interface FilterSettings {
  readonly way: Way;
  /** 1: the main thread; more: so many worker threads. */
  readonly ioThreads: number;
  readonly keyPem: string;
  readonly nextHopPort: number;
}

interface ThreadSettings extends FilterSettings {
  /** 0: any free one. */
  readonly port: number;
}

async function serve({ way, keyPem, nextHopPort, port, ioThreads }: ThreadSettings): Promise<number> {
  const sign = createSign(way, keyPem);
  const relay = createRelay({ localhost_name: "filter.example.net" });
  const nextHop: NextHop = { protocol: "smtp", host: "127.0.0.1", port: nextHopPort };
  const envelope = {
    sender: { address: "alice@example.com", parameters: "" },
    recipients: [{ address: "someone@example.net", parameters: "" }],
  };

  async function treat(octets: Buffer): Promise<string> {
    const end = octets.indexOf("\r\n\r\n") + 2;
    const field = await sign(octets.subarray(0, end), octets.subarray(end + 2));
    const header = Buffer.concat([Buffer.from(field, "latin1"), octets.subarray(0, end)]);
    const body = octets.subarray(end + 2);
    const message = {
      header,
      fields: splitHeader(header).fields,
      separator: "\r\n",
      body: { kind: "memory", sizeBytes: body.length, chunks: [body] },
    } as const;
    const [delivery] = await relay([{ nextHop, session: undefined, envelope, message }], () => true);
    return delivery?.replies[0]?.code === 250 ? "250 2.0.0 Ok\r\n" : "451 4.3.0 Not now\r\n";
  }

  const server = createServer({ noDelay: true }, (socket) => converse(socket, treat));
  server.listen({ port, host: "127.0.0.1", backlog: 4096, reusePort: ioThreads > 1 });
  await once(server, "listening");
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

function converse(socket: Socket, treat: (octets: Buffer) => Promise<string>): void {
  let scanner: DataScanner | undefined;
  let pieces: Buffer[] = [];
  let line = "";
  socket.on("error", () => socket.destroy());
  socket.write("220 filter.example.net ESMTP\r\n", "latin1");
  socket.on("data", (chunk: Buffer) => {
    let replies = "";
    let at = 0;
    while (at < chunk.length) {
      if (scanner !== undefined) {
        const end = scanner.scan(chunk, at, (octets, from, to) => pieces.push(octets.subarray(from, to)));
        if (end === -1) break;
        at = end;
        scanner = undefined;
        const octets = concatShared(pieces);
        pieces = [];
        treat(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)).then(
          (reply) => socket.write(reply, "latin1"),
          () => socket.destroy(),
        );
        continue;
      }
      const end = chunk.indexOf("\r\n", at, "latin1");
      line += chunk.toString("latin1", at, end === -1 ? chunk.length : end);
      if (end === -1) break;
      at = end + 2;
      const verb = line.slice(0, 4).toUpperCase();
      line = "";
      if (verb === "QUIT") {
        socket.end("221 2.0.0 bye\r\n", "latin1");
        return;
      }
      if (verb === "DATA") scanner = new DataScanner();
      replies +=
        verb === "EHLO" ? "250-filter\r\n250 PIPELINING\r\n" : verb === "DATA" ? "354 go on\r\n" : "250 2.0.0 Ok\r\n";
    }
    if (replies !== "") socket.write(replies, "latin1");
  });
}

const program = fileURLToPath(import.meta.url);
if (!isMainThread && parentPort !== null) {
  const settings: ThreadSettings = workerData;
  parentPort.postMessage(await serve(settings));
} else if (process.argv[1] === program && process.argv[2] !== undefined) {
  const settings: FilterSettings = JSON.parse(process.argv[2]);
  let port = 0;
  if (settings.ioThreads === 1) port = await serve({ ...settings, port });
  else
    for (let i = 0; i < settings.ioThreads; i += 1) {
      const worker = new Worker(program, { workerData: { ...settings, port } });
      [port] = await once(worker, "message");
    }
  process.send?.(port);
  process.on("disconnect", () => process.exit());
}
