// A DNS server on 127.0.0.1 (UDP and TCP on one free port) that answers from a zone and can be told to misbehave.
// The test sees every question as an event and may decide, question by question, what becomes of it.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import * as packet from "dns-packet";
import { type FixedZone, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { canonicalName } from "../../src/dns/name.ts";
import type { DnsServer } from "../../src/dns/server-address.ts";

/**
 * What becomes of one question: answered, never answered, answered SERVFAIL, REFUSED or FORMERR, answered cut short
 * (over UDP), under a wrong id, for another question, with octets that are no DNS, held until `release()`, late, with nothing
 * by a server that is not asked in vain but knows nothing of it, with aliases in a circle, or with a TXT record of 60 kB.
 */
export type Fault =
  | "none"
  | "drop"
  | "servfail"
  | "refused"
  | "formerr"
  | "truncate"
  | "wrong-id"
  | "wrong-question"
  | "garbage"
  | "hold"
  | "slow"
  | "lame"
  | "circle"
  | "huge";

/** How late "slow" is: within any patience. */
const slowMs = 200;

export interface Asked {
  readonly name: string;
  readonly type: string;
  readonly transport: "udp" | "tcp";
  /** The packet as it came. */
  readonly octets: Buffer;
  /** Source port of the question. */
  readonly port: number;
}

export interface FakeDns {
  readonly server: DnsServer;
  readonly asked: readonly Asked[];
  /** Decides each question's fate; "none" by default. */
  fault: (asked: Asked) => Fault;
  /** Replaces the zone. */
  serve(zone: unknown): void;
  /** TTL of all answers, seconds; 300 at first. */
  ttlSeconds: number;
  /** AD bit of all answers. */
  authentic: boolean;
  /** Answers what is on hold. */
  release(): void;
  /** Settles once so many questions have come in all. */
  questions(count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param wanted the port; 0 for any that is free */
export async function startFakeDns(initialZone: unknown = {}, wanted = 0): Promise<FakeDns> {
  let zone: FixedZone = parseFixedZone(initialZone);
  const asked: Asked[] = [];
  const held: (() => void)[] = [];
  const watchers = new Set<() => void>();
  const connections = new Set<Socket>();
  const tcp = createServer();
  const [udp, port] = await bindBoth();

  /** A port that is free for TCP may be taken for UDP: then the next one is tried. */
  async function bindBoth(): Promise<[UdpSocket, number]> {
    for (;;) {
      tcp.listen(wanted, "127.0.0.1");
      await once(tcp, "listening");
      const address = tcp.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const socket = createSocket("udp4");
      socket.bind(address.port, "127.0.0.1");
      try {
        await once(socket, "listening");
        return [socket, address.port];
      } catch {
        socket.close();
        tcp.close();
        await once(tcp, "close");
      }
    }
  }

  function handle(octets: Buffer, transport: "udp" | "tcp", sourcePort: number, send: (octets: Buffer) => void): void {
    const query = packet.decode(octets);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const entry: Asked = {
      name: canonicalName(question.name),
      type: question.type,
      transport,
      octets,
      port: sourcePort,
    };
    asked.push(entry);
    const fault = fake.fault(entry);
    const reply = (): void => {
      const octetsToSend = respond(query, question, fault, transport);
      if (octetsToSend !== undefined) send(octetsToSend);
    };
    if (fault === "hold") held.push(reply);
    else if (fault === "slow") setTimeout(reply, slowMs);
    else reply();
    for (const watcher of watchers) watcher();
  }

  function respond(
    query: packet.DecodedPacket,
    question: packet.Question,
    fault: Fault,
    transport: "udp" | "tcp",
  ): Buffer | undefined {
    if (fault === "drop") return undefined;
    if (fault === "garbage") {
      const octets = Buffer.alloc(20, 0xff);
      octets.writeUInt16BE(query.id ?? 0);
      return octets;
    }
    const { records, rcode } = lookUp(question, fault);
    const cut = (fault === "truncate" || fault === "huge") && transport === "udp";
    const asksEdns = (query.additionals ?? []).some((record) => record.type === "OPT");
    const full = packet.encode({
      type: "response",
      id: fault === "wrong-id" ? (query.id ?? 0) ^ 1 : (query.id ?? 0),
      flags:
        packet.RECURSION_DESIRED |
        (fault === "lame" ? 0 : packet.RECURSION_AVAILABLE) |
        (fake.authentic ? packet.AUTHENTIC_DATA : 0) |
        (cut ? packet.TRUNCATED_RESPONSE : 0) |
        (fault === "formerr" && !asksEdns ? 0 : rcode),
      questions: [fault === "wrong-question" ? { ...question, name: `x${question.name}` } : question],
      answers: cut ? [] : records,
    });
    return full;
  }

  function lookUp(question: packet.Question, fault: Fault): { records: packet.Answer[]; rcode: number } {
    if (fault === "servfail") return { records: [], rcode: 2 };
    if (fault === "refused") return { records: [], rcode: 5 };
    if (fault === "lame") return { records: [], rcode: 0 };
    const ttl = fake.ttlSeconds;
    if (fault === "circle") {
      const [here, there] = [canonicalName(question.name), `there.${canonicalName(question.name)}`];
      return {
        records: [
          { type: "CNAME", name: here, ttl, data: there },
          { type: "CNAME", name: there, ttl, data: here },
        ],
        rcode: 0,
      };
    }
    if (fault === "huge") {
      const data = Array.from({ length: 240 }, () => Buffer.alloc(250, "v"));
      return { records: [{ type: "TXT", name: question.name, ttl, data }], rcode: 0 };
    }
    const records: packet.Answer[] = [];
    let name = canonicalName(question.name);
    for (let aliases = 0; aliases < 20; aliases += 1) {
      const entry = zone.get(name);
      if (entry?.rcode === "SERVFAIL") return { records: [], rcode: 2 };
      if (entry === undefined || entry.rcode === "NXDOMAIN") return { records, rcode: fault === "formerr" ? 1 : 3 };
      const [target] = entry.records.CNAME ?? [];
      if (target !== undefined && question.type !== "CNAME") {
        records.push({ type: "CNAME", name, ttl, data: target });
        name = canonicalName(target);
        continue;
      }
      for (const data of entry.records.TXT ?? []) {
        if (question.type === "TXT") {
          records.push({ type: "TXT", name, ttl, data: data.map((text) => Buffer.from(text, "latin1")) });
        }
      }
      for (const type of ["A", "AAAA", "CNAME", "NS", "PTR"] as const) {
        if (question.type !== type) continue;
        for (const data of entry.records[type] ?? []) records.push({ type, name, ttl, data });
      }
      for (const data of entry.records.MX ?? []) {
        if (question.type === "MX") records.push({ type: "MX", name, ttl, data: { ...data } });
      }
      break;
    }
    return { records, rcode: fault === "formerr" ? 1 : 0 };
  }

  udp.on("message", (octets, peer) =>
    handle(octets, "udp", peer.port, (reply) => udp.send(reply, peer.port, peer.address)),
  );
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const octets = Buffer.from(received.subarray(2, end));
        received = received.subarray(end);
        handle(octets, "tcp", socket.remotePort ?? 0, (reply) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
        });
      }
    });
  });

  const fake: FakeDns = {
    server: { address: "127.0.0.1", port },
    asked,
    fault: () => "none",
    serve(json) {
      zone = parseFixedZone(json);
    },
    ttlSeconds: 300,
    authentic: false,
    release() {
      for (const reply of held.splice(0)) reply();
    },
    questions(count) {
      return new Promise((resolve) => {
        const watcher = (): void => {
          if (asked.length < count) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      });
    },
    async close() {
      for (const socket of connections) socket.destroy();
      udp.close();
      tcp.close();
      await Promise.all([once(udp, "close"), once(tcp, "close")]);
    },
  };
  return fake;
}
