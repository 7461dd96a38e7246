// The MTA's side of the milter protocol (as Sendmail and Postfix speak it, version 6), as a source of load: milters are
// measured without an MTA, whose own work would hide theirs.
import { connect, type Socket } from "node:net";
import type { LoadResult } from "../load/source.ts";

export interface MilterLoad {
  readonly port: number;
  readonly message: Uint8Array;
  readonly messages: number;
  readonly connections: number;
}

/** Bits of the protocol mask by which a milter says what it does not want to be sent, or does not answer. */
const skips: Readonly<Record<string, readonly [unwanted: number, unanswered: number]>> = {
  C: [0x1, 0x1000],
  H: [0x2, 0x2000],
  M: [0x4, 0x4000],
  R: [0x8, 0x8000],
  T: [0x200, 0x10000],
  L: [0x20, 0x80],
  N: [0x40, 0x40000],
  B: [0x10, 0x80000],
};

function packet(command: string, data: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length + 1);
  head.write(command, 4, "latin1");
  return Buffer.concat([head, data]);
}

function text(...words: readonly string[]): Buffer {
  return Buffer.from(words.map((word) => `${word}\0`).join(""), "latin1");
}

const timeoutMs = 30_000;

/** One write per mail, its replies read as they come; `changed` counts mails with a field added or put in. */
export function runMilterLoad(load: MilterLoad): Promise<LoadResult & { readonly changed: number }> {
  const { port, messages, connections } = load;
  const octets = Buffer.from(load.message.buffer, load.message.byteOffset, load.message.byteLength);
  const end = octets.indexOf("\r\n\r\n");
  const fields = octets
    .toString("latin1", 0, end)
    .split(/\r\n(?![ \t])/)
    .map((field) => {
      const colon = field.indexOf(":");
      return text(
        field.slice(0, colon),
        field
          .slice(colon + 1)
          .trimStart()
          .replaceAll("\r\n", "\n"),
      );
    });
  const body = octets.subarray(end + 4);
  const latenciesMs: number[] = [];
  let [started, broken, changed, open] = [0, 0, 0, 0];

  return new Promise((resolve) => {
    const startedAt = performance.now();
    for (let i = 0; i < connections; i += 1) converse();

    let over = false;
    const late = setTimeout(() => {
      broken = messages - latenciesMs.length;
      finish();
    }, timeoutMs);

    function done(): void {
      if (latenciesMs.length + broken >= messages || open === 0) finish();
    }

    function finish(): void {
      if (over) return;
      over = true;
      clearTimeout(late);
      resolve({
        sent: latenciesMs.length,
        refused: 0,
        broken,
        seconds: (performance.now() - startedAt) / 1000,
        latenciesMs: latenciesMs.sort((a, b) => a - b),
        lateMs: 0,
        changed,
      });
    }

    function converse(): void {
      open += 1;
      const socket: Socket = connect({ host: "127.0.0.1", port, noDelay: true });
      let buffered: Buffer = Buffer.alloc(0);
      let mask: number | undefined;
      let awaited = 1;
      let mailAt = 0;
      let added = false;
      let greeted = false;
      let gone = false;
      socket.write(packet("O", Buffer.from([0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff])));
      const ended = () => {
        if (gone) return;
        gone = true;
        open -= 1;
        socket.destroy();
        if (mailAt > 0) broken += 1;
        done();
      };
      socket.on("error", ended);
      socket.on("end", ended);
      socket.on("data", (chunk: Buffer) => {
        buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
        while (buffered.length >= 5 && buffered.length >= 4 + buffered.readUInt32BE(0)) {
          const length = buffered.readUInt32BE(0);
          const command = String.fromCharCode(buffered[4] ?? 0);
          const data = buffered.subarray(5, 4 + length);
          buffered = buffered.subarray(4 + length);
          take(command, data);
        }
      });

      function take(command: string, data: Buffer): void {
        if (command === "O") mask = data.readUInt32BE(8);
        else if ("hi".includes(command)) added = true;
        // Whatever else it changes, and "progress", is no answer.
        if (!"Ocartyd".includes(command)) return;
        awaited -= 1;
        // A verdict before the end of the message is the last word on it.
        if (awaited > 0 && command === "c") return;
        if (mailAt > 0) {
          latenciesMs.push(performance.now() - mailAt);
          if (added) changed += 1;
          mailAt = 0;
        }
        next();
      }

      function next(): void {
        if (started >= messages) {
          socket.end(packet("Q", Buffer.alloc(0)));
          ended();
          return;
        }
        started += 1;
        const packets: Buffer[] = [];
        awaited = 1;
        const say = (command: string, data: Buffer) => {
          const [unwanted, unanswered] = skips[command] ?? [0, 0];
          if (((mask ?? 0) & unwanted) !== 0) return;
          packets.push(packet(command, data));
          if (((mask ?? 0) & unanswered) === 0) awaited += 1;
        };
        if (!greeted) {
          packets.push(
            packet("D", Buffer.concat([Buffer.from("C"), text("j", "mx.example.com", "{daemon_name}", "ORIGINATING")])),
          );
          say("C", Buffer.concat([text("localhost"), Buffer.from("4\0\x19", "latin1"), text("127.0.0.1")]));
          say("H", text("localhost"));
          greeted = true;
        }
        packets.push(packet("D", Buffer.concat([Buffer.from("M"), text("i", `Q${started}`)])));
        say("M", text("<alice@example.com>"));
        say("R", text("<someone@example.net>"));
        say("T", Buffer.alloc(0));
        for (const field of fields) say("L", field);
        say("N", Buffer.alloc(0));
        for (let at = 0; at < body.length; at += 65_535) say("B", body.subarray(at, at + 65_535));
        packets.push(packet("E", Buffer.alloc(0)));
        added = false;
        mailAt = performance.now();
        socket.write(Buffer.concat(packets));
      }
    }
  });
}
