// An MTA's side of the milter protocol, for tests: packets out, packets in.
import { connect, type Socket } from "node:net";

export interface MilterPacket {
  readonly command: string;
  readonly data: Buffer;
}

export interface MilterClient {
  readonly socket: Socket;
  send(command: string, data?: Buffer | string): void;
  /** The next packet of the filter; rejects when the connection ends before. */
  next(): Promise<MilterPacket>;
  /** Negotiates with all that version 6 has, or with what is given. */
  negotiate(options?: {
    readonly actions?: number;
    readonly steps?: number;
    readonly version?: number;
  }): Promise<MilterPacket>;
  /** One mail from MAIL to the final answer: every packet of the answer. */
  mail(mail: MilterMailText): Promise<readonly MilterPacket[]>;
  /** MAIL, and its answer where there is one. */
  begin(sender: string): Promise<MilterPacket | undefined>;
  close(): void;
}

export interface MilterMailText {
  readonly macros?: Readonly<Record<string, string>>;
  readonly sender?: string;
  readonly recipients?: readonly string[];
  /** Name and value, the blank after the colon in the value. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** SMFIP_NR_MAIL: MAIL gets no answer. */
const mailUnanswered = 0x4000;

/** Answers to the end of a message. */
const lastWords = "catrdy";

export async function connectMilter(
  at: { readonly port: number; readonly host?: string } | { readonly path: string },
): Promise<MilterClient> {
  const socket = connect(at);
  // As Postfix has it: small packets, each waited for.
  socket.setNoDelay(true);
  const arrived: MilterPacket[] = [];
  let waiting: PromiseWithResolvers<MilterPacket> | undefined;
  let buffer = Buffer.alloc(0);
  let ended = false;
  socket.on("data", (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE(0)) {
      const size = buffer.readUInt32BE(0);
      const one = { command: buffer.toString("latin1", 4, 5), data: Buffer.from(buffer.subarray(5, 4 + size)) };
      buffer = buffer.subarray(4 + size);
      if (waiting === undefined) arrived.push(one);
      else {
        waiting.resolve(one);
        waiting = undefined;
      }
    }
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    ended = true;
    waiting?.reject(new Error("the filter closed the connection"));
  });
  let agreedSteps = 0;
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));

  const client: MilterClient = {
    socket,
    send(command, data = "") {
      const octets = typeof data === "string" ? Buffer.from(data, "latin1") : data;
      const size = Buffer.alloc(4);
      size.writeUInt32BE(octets.length + 1, 0);
      socket.write(Buffer.concat([size, Buffer.from(command, "latin1"), octets]));
    },
    next() {
      const one = arrived.shift();
      if (one !== undefined) return Promise.resolve(one);
      if (ended) return Promise.reject(new Error("the filter closed the connection"));
      waiting = Promise.withResolvers<MilterPacket>();
      return waiting.promise;
    },
    async negotiate({ version = 6, actions = 0x1ff, steps = 0x1fffff } = {}) {
      const data = Buffer.alloc(12);
      data.writeUInt32BE(version, 0);
      data.writeUInt32BE(actions, 4);
      data.writeUInt32BE(steps, 8);
      client.send("O", data);
      const answer = await client.next();
      agreedSteps = answer.data.readUInt32BE(8);
      return answer;
    },
    async begin(sender) {
      client.send("M", `${sender}\0`);
      return (agreedSteps & mailUnanswered) === 0 ? client.next() : undefined;
    },
    async mail({ macros = {}, sender = "<a@example.com>", recipients = ["<b@example.net>"], fields, body = "" }) {
      client.send(
        "D",
        `M${Object.entries(macros)
          .flat()
          .map((text) => `${text}\0`)
          .join("")}`,
      );
      const answer = await client.begin(sender);
      if (answer !== undefined && answer.command !== "c") return [answer];
      for (const recipient of recipients) client.send("R", `${recipient}\0`);
      for (const [name, value] of fields) client.send("L", `${name}\0${value}\0`);
      client.send("N");
      for (let at = 0; at < body.length; at += 65535) client.send("B", body.slice(at, at + 65535));
      client.send("E");
      const packets: MilterPacket[] = [];
      for (;;) {
        const one = await client.next();
        if (one.command === "p") continue;
        packets.push(one);
        if (lastWords.includes(one.command)) return packets;
      }
    },
    close: () => socket.destroy(),
  };
  return client;
}
