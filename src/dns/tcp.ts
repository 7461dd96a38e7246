// One question over TCP, for answers that do not fit a UDP packet (RFC 7766). One connection per question.
import { randomInt } from "node:crypto";
import { connect } from "node:net";
import type { DnsServer } from "./server-address.ts";
import type { DnsExchange } from "./udp.ts";
import { answersQuestion, type DnsQuestion, decodeResponse, encodeQuery, type QueryForm } from "./wire.ts";

export function askOverTcp(
  server: DnsServer,
  question: DnsQuestion,
  form: QueryForm,
  timeoutMs: number,
): Promise<DnsExchange> {
  return new Promise((resolve) => {
    const id = randomInt(0x10000);
    const query = encodeQuery(id, question, form);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    const received: Buffer[] = [];
    let receivedBytes = 0;
    // The length that goes before the message (RFC 7766 section 8), known once two octets are in.
    let wantedBytes = 2;
    const socket = connect({ host: server.address, port: server.port });
    const settle = (exchange: DnsExchange): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(exchange);
    };
    const timer = setTimeout(settle, timeoutMs, { kind: "trouble", trouble: "timeout" });
    socket.on("error", () => settle({ kind: "trouble", trouble: "network" }));
    socket.on("close", () => settle({ kind: "trouble", trouble: "network" }));
    socket.on("data", (chunk: Buffer) => {
      received.push(chunk);
      receivedBytes += chunk.length;
      if (receivedBytes < wantedBytes) return;
      const octets = received.length === 1 ? chunk : Buffer.concat(received);
      wantedBytes = 2 + octets.readUInt16BE(0);
      if (receivedBytes < wantedBytes) return;
      const response = decodeResponse(octets.subarray(2, wantedBytes));
      if (response === undefined || response.id !== id || !answersQuestion(response, question)) {
        settle({ kind: "trouble", trouble: "malformed" });
      } else {
        settle({ kind: "response", response });
      }
    });
    socket.write(Buffer.concat([length, query]));
  });
}
