// What system a client runs, as p0f sees it in its packets, asked of p0f-analyzer over UDP: "[192.0.2.1]:4711 nonce", and the same
// with a description behind it in answer. Mail does not wait for it for long, and does without.
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { isIP } from "node:net";
import type { FingerprintPlace } from "../settings/network-shape.ts";

export interface AskedClient {
  readonly address: string;
  readonly port?: number;
}

export interface FingerprintAsker {
  /** Undefined where nobody answers in time, or nothing is known. Never rejects. */
  ask(at: FingerprintPlace, client: AskedClient): Promise<string | undefined>;
  close(): void;
}

const patienceMs = 500;
const maxWaiting = 1000;
const maxChars = 200;

export function createFingerprintAsker(): FingerprintAsker {
  const waiting = new Map<string, (text: string | undefined) => void>();
  const sockets = new Map<number, Socket>();

  function socketFor(host: string): Socket {
    const family = isIP(host);
    const known = sockets.get(family);
    if (known !== undefined) return known;
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.unref();
    // A server that is not there: the question ends by its time.
    socket.on("error", () => undefined);
    socket.on("message", (octets) => {
      const text = octets.subarray(0, 1500).toString("latin1");
      const [, key = "", said = ""] = /^(\S+ \S+) ([^\r\n]*)/.exec(text) ?? [];
      waiting.get(key)?.(said.trim() === "" ? undefined : said.trim().slice(0, maxChars));
    });
    sockets.set(family, socket);
    return socket;
  }

  return {
    ask({ host, port }, client) {
      if (waiting.size >= maxWaiting || isIP(client.address) === 0) return Promise.resolve(undefined);
      const from = client.port === undefined || client.port === 0 ? "" : `:${client.port}`;
      // A sender that cannot see the question cannot answer it.
      const key = `[${client.address}]${from} ${randomBytes(12).toString("base64url")}`;
      return new Promise((resolve) => {
        const settle = (text: string | undefined) => {
          clearTimeout(timer);
          waiting.delete(key);
          resolve(text);
        };
        const timer = setTimeout(() => settle(undefined), patienceMs);
        waiting.set(key, settle);
        socketFor(host).send(key, port, host, (error) => {
          if (error !== null) settle(undefined);
        });
      });
    },
    close() {
      for (const settle of [...waiting.values()]) settle(undefined);
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}
