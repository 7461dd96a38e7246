// Questions over UDP to one server: who sent what, who waits for which id, and when it has been too long.
// Ids are random; so are source ports, renewed after a few questions unless the server is on loopback.
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { DnsTrouble } from "../rr/answer.ts";
import { type DnsServer, isLoopback } from "./server-address.ts";
import {
  answersQuestion,
  type DnsQuestion,
  decodeResponse,
  encodeQuery,
  type QueryForm,
  type Response,
} from "./wire.ts";

export type DnsExchange =
  | { readonly kind: "response"; readonly response: Response }
  | { readonly kind: "trouble"; readonly trouble: DnsTrouble };

/** A socket to a server on another machine is used for this many questions only: guessing its port does not pay then. */
const questionsPerSocket = 16;
const questionsPerLoopbackSocket = 20_000;
/** More packets than this that answer no question of ours: somebody is guessing ids (RFC 5452 section 9.2). */
const maxStrangers = 32;
const maxPendingPerSocket = 1000;

interface Pending {
  readonly question: DnsQuestion;
  readonly settle: (exchange: DnsExchange) => void;
}

interface Channel {
  readonly socket: Socket;
  readonly pending: Map<number, Pending>;
  /** Packets that wait for the socket to be connected; undefined once it is. */
  waiting: Buffer[] | undefined;
  asked: number;
  strangers: number;
  closed: boolean;
}

export interface UdpClient {
  ask(question: DnsQuestion, form: QueryForm, timeoutMs: number): Promise<DnsExchange>;
  close(): void;
}

export function createUdpClient(server: DnsServer): UdpClient {
  const limit = isLoopback(server) ? questionsPerLoopbackSocket : questionsPerSocket;
  let current: Channel | undefined;

  function open(): Channel {
    const socket = createSocket({
      type: isIPv6(server.address) ? "udp6" : "udp4",
      // The address is an address: without this Node would take the way through its resolver.
      lookup: (hostname, _options, callback) => callback(null, hostname, isIPv6(hostname) ? 6 : 4),
    });
    const channel: Channel = { socket, pending: new Map(), waiting: [], asked: 0, strangers: 0, closed: false };
    socket.on("message", (octets) => receive(channel, octets));
    socket.on("error", () => fail(channel, "network"));
    socket.on("connect", () => {
      const waiting = channel.waiting ?? [];
      channel.waiting = undefined;
      for (const octets of waiting) socket.send(octets);
    });
    // An idle socket is no reason for the process to stay; a question under way has its timer.
    socket.unref();
    // Connected: the kernel drops packets from anybody else, and reports when nobody listens.
    socket.connect(server.port, server.address);
    return channel;
  }

  function receive(channel: Channel, octets: Buffer): void {
    const pending = octets.length >= 12 ? channel.pending.get(octets.readUInt16BE(0)) : undefined;
    const response = pending === undefined ? undefined : decodeResponse(octets);
    if (pending !== undefined && response === undefined) {
      pending.settle({ kind: "trouble", trouble: "malformed" });
    } else if (pending !== undefined && response !== undefined && answersQuestion(response, pending.question)) {
      pending.settle({ kind: "response", response });
    } else {
      channel.strangers += 1;
      if (channel.strangers > maxStrangers) fail(channel, "malformed");
    }
  }

  function fail(channel: Channel, trouble: DnsTrouble): void {
    if (current === channel) current = undefined;
    for (const pending of [...channel.pending.values()]) pending.settle({ kind: "trouble", trouble });
    closeSocket(channel);
  }

  function currentChannel(): Channel {
    if (current !== undefined && current.asked < limit) return current;
    const worn = current;
    current = open();
    if (worn?.pending.size === 0) closeSocket(worn);
    return current;
  }

  function freeId(channel: Channel): number {
    let id = randomInt(0x10000);
    while (channel.pending.has(id)) id = randomInt(0x10000);
    return id;
  }

  return {
    ask(question, form, timeoutMs) {
      const channel = currentChannel();
      if (channel.pending.size >= maxPendingPerSocket) return Promise.resolve({ kind: "trouble", trouble: "network" });
      channel.asked += 1;
      return new Promise((resolve) => {
        const id = freeId(channel);
        const settle = (exchange: DnsExchange): void => {
          clearTimeout(timer);
          channel.pending.delete(id);
          if (channel !== current && channel.pending.size === 0) closeSocket(channel);
          resolve(exchange);
        };
        const timer = setTimeout(settle, timeoutMs, { kind: "trouble", trouble: "timeout" });
        channel.pending.set(id, { question, settle });
        const octets = encodeQuery(id, question, form);
        if (channel.waiting === undefined) channel.socket.send(octets);
        else channel.waiting.push(octets);
      });
    },
    close() {
      if (current !== undefined) fail(current, "network");
    },
  };
}

function closeSocket(channel: Channel): void {
  if (channel.closed) return;
  channel.closed = true;
  channel.socket.removeAllListeners();
  // A closing socket may still report an error; nobody waits for it any more.
  channel.socket.on("error", () => undefined);
  channel.socket.close();
}
