// What it takes to find the end of data: our scanner beside the stream of smtp-server, on which a receiver of its own
// kind would be built, and beside a plain copy. Prints CPU milliseconds for 10 MB, the best of some rounds;
// `node bench/micro/smtp/data-scanner.ts`.
import { once } from "node:events";
import { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import { DataScanner } from "../../../src/smtp/data-scanner.ts";
import { messageOf, onTheWire } from "../../messages.ts";

const bytes = 10_000_000;
/** As large as what is read from a socket at once. */
const chunkBytes = 65_536;
const rounds = 9;

const plain = Buffer.from(onTheWire(messageOf(bytes)));
/** Each line of 72 octets begins with a dot, which is doubled on the wire. */
const dotted = Buffer.from(`${`..${"x".repeat(69)}\r\n`.repeat(Math.ceil(bytes / 73))}.\r\n`);

const ways: Readonly<Record<string, (chunks: readonly Buffer[]) => Promise<number> | number>> = {
  "a copy": (chunks) => {
    let taken = 0;
    for (const chunk of chunks) taken += Buffer.from(chunk).length;
    return taken;
  },
  "our scanner": (chunks) => {
    const scanner = new DataScanner();
    let taken = 0;
    for (const chunk of chunks) {
      const over = scanner.scan(chunk, 0, (_octets, from, to) => {
        taken += to - from;
      });
      if (over !== -1) return taken;
    }
    throw new Error("the end of data was not found");
  },
  "smtp-server's stream": async (chunks) => {
    const stream = new SMTPStream();
    const content = stream.startDataMode();
    let taken = 0;
    content.on("data", (chunk: Buffer) => {
      taken += chunk.length;
    });
    const over = once(content, "end");
    for (const chunk of chunks) if (!stream.write(chunk)) await once(stream, "drain");
    await over;
    return taken;
  },
};

for (const [name, octets] of Object.entries({ "lines of words": plain, "a dot on every line": dotted })) {
  console.log(`10 MB, ${name}: CPU ms`);
  for (const [way, work] of Object.entries(ways)) console.log(`  ${way.padEnd(22)} ${await best(work, octets)}`);
}

async function best(work: (chunks: readonly Buffer[]) => Promise<number> | number, octets: Buffer): Promise<string> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    // Bare line ends would be written over: each round has octets of its own.
    const own = Buffer.from(octets);
    const chunks: Buffer[] = [];
    for (let at = 0; at < own.length; at += chunkBytes) chunks.push(own.subarray(at, at + chunkBytes));
    const before = process.cpuUsage();
    const taken = await work(chunks);
    const { user, system } = process.cpuUsage(before);
    if (taken < bytes * 0.95) throw new Error(`only ${taken} octets were handed on`);
    least = Math.min(least, (user + system) / 1000);
  }
  return least.toFixed(1).padStart(6);
}
