// CPU of the outgoing client per mail, against the least that any client can do: the same octets from one ready-made
// buffer over one connection. Prints JSON; `ratio` is what to compare between runs. `node bench/micro/relay/relay.ts`
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { splitHeader } from "../../../src/mail/header.ts";
import type { Message } from "../../../src/mail/message.ts";
import { createRelay } from "../../../src/relay/relay.ts";
import type { NextHop } from "../../../src/smtp/next-hop.ts";

const line = "abcdefghijklmnopqrstuvwxyz0123456789 The quick brown fox jumps over the lazy\r\n";
const header = Buffer.from(
  "Received: from a.example ([192.0.2.1])\r\n by b.example; Tue, 02 Jan 2024 03:04:06 +0000\r\n" +
    "From: a@example.com\r\nTo: b@example.com\r\nSubject: test\r\nMessage-ID: <1@example.com>\r\n",
);
const blockBytes = 64 * 1024;

const sink = fork(new URL("./sink.ts", import.meta.url));
const [port] = await once(sink, "message");
const hop: NextHop = { protocol: "smtp", host: "127.0.0.1", port: Number(port) };

for (const [sizeBytes, mails] of [
  [1_500, 20_000],
  [10_000, 20_000],
  [1_000_000, 500],
] as const) {
  const message = messageOf(sizeBytes);
  const relay = await relayMs(message, mails);
  const floor = await floorMs(message, mails);
  console.log(JSON.stringify({ sizeBytes, relayMs: round(relay), floorMs: round(floor), ratio: round(relay / floor) }));
}
sink.kill();

function messageOf(sizeBytes: number): Message {
  const count = Math.max(1, Math.floor((sizeBytes - header.length) / line.length));
  const body = Buffer.from(new SharedArrayBuffer(count * line.length));
  for (let i = 0; i < count; i += 1) body.write(line, i * line.length, "latin1");
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += blockBytes) chunks.push(body.subarray(at, at + blockBytes));
  return {
    header,
    fields: splitHeader(header).fields,
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: body.length, chunks },
  };
}

async function relayMs(message: Message, mails: number): Promise<number> {
  const relay = createRelay({ localhost_name: "localhost" });
  const sender = { address: "a@example.com", parameters: "" };
  const envelope = { sender, recipients: [{ address: "b@example.com", parameters: "" }] };
  const outgoing = [{ nextHop: hop, session: undefined, envelope, message }];
  const cost = await cpuMs(mails, async () => {
    const [delivery] = await relay(outgoing, () => true);
    if (delivery?.replies[0]?.code !== 250) throw new Error(`not delivered: ${JSON.stringify(delivery)}`);
  });
  await relay.close();
  return cost;
}

async function floorMs(message: Message, mails: number): Promise<number> {
  const chunks = message.body.kind === "memory" ? message.body.chunks : [];
  const content = Buffer.concat([message.header, Buffer.from("\r\n"), ...chunks, Buffer.from(".\r\n")]);
  const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
  let arrived: (text: string) => void = () => {};
  socket.on("data", (chunk: Buffer) => arrived(chunk.toString("latin1")));
  const answer = () => new Promise<string>((resolve) => (arrived = resolve));
  await answer();
  socket.write("EHLO localhost\r\n");
  await answer();
  const cost = await cpuMs(mails, async () => {
    socket.write("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
    while (!(await answer()).includes("354")) {}
    socket.write(content);
    await answer();
  });
  socket.destroy();
  return cost;
}

async function cpuMs(times: number, work: () => Promise<void>): Promise<number> {
  for (let i = 0; i < times / 10; i += 1) await work();
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / times;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
